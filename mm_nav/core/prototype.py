# SPDX-License-Identifier: Apache-2.0
"""Sentences that stand for each intent, and sentences that ask for nothing, for comparison by meaning.

Things are always "the box": mm_nav.core.gist puts the same word where a sentence names one. Sentences only, no decisions.
"""

from mm_nav.core.types import Intent

THING, THING_ZH = "the box", "那个箱子"

ORDERS: dict[Intent, str] = {
    Intent.GO_TO: """
go to the box | drive over to the box | head for the box | i need you at the box | could you get near the box | your destination is the box
you should be standing next to the box | the place to be is the box | bring yourself over to the box | let's meet by the box | i'd like to be at the box
make sure you end up at the box | get over by the box already | please be where the box is | the box is where we are going | would you join me at the box
take a trip to the box | you have to be at the box in a minute | move it to the box | i want you next to the box | the box is calling for you
去那个箱子那里 | 我想让你到那个箱子旁边 | 你应该在那个箱子那儿 | 那个箱子那里需要你 | 往那个箱子的方向走 | 咱们在那个箱子那里见 | 我要到那个箱子那边""",
    Intent.LOOK_FOR: """
look for the box | find the box | where is the box | i can't find the box | have you seen the box | help me search for the box | do you see the box anywhere
i wonder where the box has gone | i need the box but don't know where it is | let me know where the box is | the box is missing | see whether the box is around
could you locate the box | what have you done with the box | keep your eyes open for the box
找那个箱子 | 那个箱子在哪里 | 我找不到那个箱子 | 你看见那个箱子了吗 | 那个箱子不见了 | 帮我看看那个箱子在不在附近""",
    Intent.FOLLOW: """
follow the box | go after the box | stay behind the box | keep up with the box | chase the box | walk along with the box | don't lose the box
wherever the box goes you go too | stick with the box | accompany the box | keep the box in view while it moves | tag along with the box
跟着那个箱子 | 跟在那个箱子后面走 | 别跟丢那个箱子 | 那个箱子去哪你就去哪 | 陪着那个箱子走 | 追上那个箱子""",
    Intent.AVOID: """
keep away from the box | avoid the box | don't go near the box | stay clear of the box | never touch the box | you must not come close to the box
i don't want you anywhere near the box | be careful not to hit the box | leave the box alone | the box is dangerous so keep off | give the box plenty of room
don't bump into the box | the box is off limits | no closer to the box than this | whatever you do do not drive into the box
离那个箱子远一点 | 别靠近那个箱子 | 不要碰那个箱子 | 避开那个箱子 | 小心别撞到那个箱子 | 不准去那个箱子那里""",
    Intent.TURN: """
turn left | turn right | rotate to the left | face right | turn around | make a left turn | take a right | spin around | turn the other way | look to your left
could you turn ninety degrees to the right | a bit more to the left | go right at the corner | point your nose left | swing your front to the right
向左转 | 向右转 | 掉头 | 往左拐 | 转过身去 | 车头朝右 | 再往左边一点""",
    Intent.MOVE_BY: """
move forward | go back a bit | drive ahead two meters | back up | reverse one meter | come forward | take a step back | a little closer | go straight on
advance three steps | keep going straight | you are too close move back | scoot up a little | i need you one meter further ahead
往前走 | 后退一点 | 向前两米 | 倒车 | 再往前一点 | 退后几步 | 直走""",
    Intent.WAIT: """
wait here | hang on a moment | stay where you are | pause for ten seconds | give me a minute | hold on a bit | stay put until i am back | don't go anywhere yet
stand by | not yet wait | rest here for a while | one moment please | i need a second
等一下 | 在这里等我 | 稍等片刻 | 先别走等我回来 | 原地等着 | 歇一会儿""",
}

NO_ORDERS = """
what time is it | how are you | the weather is nice today | i went to the box yesterday | the box is red | who put the box there | i like the box | what is your name
tell me a joke | the box is heavy | thank you very much | good morning | my brother bought the box | do you like the box | play some music | turn on the light
turn up the volume | open the box | pick up the box | put the box on the table | bring me the box | how much is the box | she left an hour ago | you are right
we waited for an hour | he moved to another city | what is in the box | why is the box here
close the door | set an alarm for ten minutes | turn the radio down | switch the heating off | wash the dishes | make some coffee | read me a story | can you sing
it takes a while to cook | i look forward to the weekend | my leg hurts | they went ahead with the idea | the shop is around the corner | write that down | i am tired | call my mother | it is going to rain | the meeting is at three
that is a nice box | can you carry the box | did you charge your battery | clean the box | i have been to the box before | they followed the news | the box belongs to me
how does the box work | is the box new | see you tomorrow | i will be at the box next week | no problem | never mind | i don't care about the box | what does the box look like
今天天气怎么样 | 那个箱子很重 | 你叫什么名字 | 我昨天去了那个箱子那里 | 谢谢你 | 现在几点了 | 那个箱子是谁的 | 打开那个箱子 | 把那个箱子拿给我 | 放一首歌 | 你喜欢那个箱子吗
我等了一个小时 | 他往前走了很久 | 那个箱子多少钱 | 把灯打开 | 你吃饭了吗 | 没关系 | 明天见 | 那个箱子是红色的
"""

A_THING = "a box|a person|a car|a door|a room|a tree|a machine|a chair|a building|an animal|a cup|a phone|a sign|a shelf|a child|a tool|a place to stand|箱子|人|车|门|房间|树"
NO_THING = "an idea|a plan|a meeting|an appointment|a day of the week|some work|a word|a feeling|some news|a song|a website|the weather|a question|a profession|the future|an hour|词语|时间|事情"


def sentences() -> list[tuple[str, Intent | None]]:
    """Every prototype with its intent; None asks for nothing."""
    rows: list[tuple[str, Intent | None]] = []
    for intent, text in ORDERS.items():
        rows += [(said.strip(), intent) for said in text.replace("\n", "|").split("|") if said.strip()]
    rows += [(said.strip(), None) for said in NO_ORDERS.replace("\n", "|").split("|") if said.strip()]
    return rows
