# SPDX-License-Identifier: Apache-2.0
"""The play node: a recording on real topics, for launch files. Thin: play.py knows which topic goes where."""

import sys
import threading
from collections.abc import Sequence
from typing import Any

from mm_nav.bags.reader import BagReader
from mm_nav.errors import ConfigError, MmNavError
from mm_nav.ros.guard import one_line
from mm_nav.ros.managed import ManagedNode
from mm_nav.ros.params import PlayerConfig
from mm_nav.ros.play import Player, clock_ticker
from mm_nav.ros.runner import JOIN_S, Stop, run

LOOK_S = 0.05  # how often listeners are counted before the start
RECEIVED_S = 1.0  # patience with the acknowledgement of the last messages


class PlayNode(ManagedNode):
    """Begins when every topic has a listener, or after ``wait_s``; messages leave from a thread of their own."""

    config: PlayerConfig
    config_class = PlayerConfig

    def __init__(self, **options: Any) -> None:
        super().__init__("player", **options)
        self._reader: BagReader | None = None
        self._player: Player | None = None
        self._thread: threading.Thread | None = None
        self._failed = self._finished = False

    def configure(self) -> None:
        """Open the recording and offer its topics."""
        if not self.config.bag:
            raise ConfigError("parameter 'bag' is empty; give the recording, as in bag:=PATH")
        self._reader = BagReader(self.config.bag)
        self._player = Player(self, self._reader)
        self._tick = clock_ticker(self) if self.config.clock else None
        self._since_s = self.monotonic_s()
        self._failed = self._finished = False
        self.every(LOOK_S, self._begin)

    def _begin(self) -> None:
        if self._finished:
            self.exit_code = int(self._failed)
        if self._player is None or self._thread is not None:
            return
        unheard = self._player.unheard()
        if unheard and self.monotonic_s() - self._since_s < self.config.wait_s:
            return
        if unheard:
            self.get_logger().warning(f"nobody listens to {', '.join(unheard)}")
        self._thread = threading.Thread(target=self._play, args=(self._player,), name="player", daemon=True)
        self._thread.start()

    def _play(self, player: Player) -> None:
        """In the player's thread."""
        try:
            while self.active:
                count = player.play(self.config.rate, lambda: not self.active, self._tick)
                player.wait_until_received(RECEIVED_S)
                self.get_logger().info(f"played {count} messages in all, of {self.config.bag}")
                if not self.config.loop:
                    break
        except MmNavError as error:
            self._failed = True
            self.get_logger().error(one_line(str(error), 600))
        self._finished = self.active and (self.config.exit_when_done or self._failed)

    def release(self) -> None:
        """Stop playing before the topics go; ``active`` is False by now."""
        if self._thread is not None:
            self._thread.join(JOIN_S + RECEIVED_S)
            self._thread = None
        if self._player is not None:
            self._player.close()
            self._player = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run the node until it is stopped; returns the exit status."""
    return run(PlayNode, argv, stop)


if __name__ == "__main__":
    sys.exit(main())
