# SPDX-License-Identifier: Apache-2.0
"""Orders as people put them, written without looking at the grammar or the simulator's templates.

``intent | text | what`` per line: the target for grounded intents, ``+`` or ``-`` for turns (left is +) and moves (ahead
is +), STOP where an order ends in a stop word. First look, before any tuning: A 0.48 English and 0.59 Chinese, B 0.79 and
0.93, C 0.82 and 0.90. The grammar was then widened on A and B; C was never tuned on.
"""

ENGLISH_A = """
go_to | scoot over to the barrel please | barrel
go_to | would you mind swinging by the blue crate | blue crate
go_to | could you please get yourself to the green cone | green cone
go_to | i'd like you to drive up to that yellow box | yellow box
go_to | make your way to the white car | white car
go_to | go park yourself next to the red drum | red drum
go_to | hey robot, come over to the traffic cone | traffic cone
go_to | let's go to the purple barrel | purple barrel
go_to | take us to the orange pylon | orange pylon
go_to | roll up to the black car please | black car
go_to | i need you at the green box | green box
go_to | your destination is the red car | red car
go_to | the blue barrel is where i want you to go | blue barrel
go_to | pull up beside the white van | white van
go_to | proceed to the yellow cone | yellow cone
go_to | get close to the person in blue | person in blue
go_to | set course for the red box | red box
go_to | please bring yourself over to the drum | drum
go_to | go straight to the orange crate | orange crate
go_to | can we move to the green pylon now | green pylon
go_to | walk over to the lady in red | lady in red
go_to | advance to the blue car | blue car
go_to | i want to get to the white barrel | white barrel
go_to | just go to the cone | cone
go_to | drive yourself to the nearest box | box
go_to | navigate over to the barrel that is red | barrel that is red
go_to | stop by the red box on your way | STOP
go_to | head for the purple car | purple car
go_to | try to reach the yellow drum | yellow drum
go_to | next, go to the black box | black box
go_to | move in on the green car | green car
go_to | come up to the orange barrel | orange barrel
go_to | show me the way to the blue cone | blue cone
go_to | lead me to the white crate | white crate
go_to | the red cone, please go there | red cone
go_to | go there: the green barrel | green barrel
go_to | dash to the yellow car | yellow car
go_to | i would appreciate it if you went to the red barrel | red barrel
go_to | feel free to drive to the blue box | blue box
go_to | please park in front of the black crate | black crate
look_for | where's the red cone | red cone
look_for | look around for a blue barrel | blue barrel
look_for | can you find me the yellow box | yellow box
look_for | search the room for the green crate | green crate
look_for | have you seen the purple cone | purple cone
look_for | do you see a white car | white car
look_for | please locate the orange drum | orange drum
look_for | try to spot the person in black | person in black
look_for | hunt for the red box | red box
look_for | keep an eye out for the blue car | blue car
look_for | i am looking for the green cone | green cone
look_for | i lost my yellow crate, find it | yellow crate
follow | follow that person | person
follow | please come along with the man in green | man in green
follow | stay right behind the white car | white car
follow | tag along with the person in red | person in red
follow | keep up with the pedestrian | pedestrian
follow | go wherever the woman in blue goes | woman in blue
follow | walk behind the person in yellow | person in yellow
follow | trail the black car | black car
follow | stick with the man in white | man in white
follow | run after the person in orange | person in orange
avoid | keep away from the red barrel | red barrel
avoid | stay well clear of the blue car | blue car
avoid | don't get too close to the person in red | person in red
avoid | whatever you do, don't go near the yellow box | yellow box
avoid | steer clear of the cones | cones
avoid | watch out for the white car and stay away from it | white car
avoid | do not drive towards the green crate | green crate
avoid | keep your distance from the pedestrian | pedestrian
avoid | back away from the orange barrel | orange barrel
avoid | make sure you avoid the purple box | purple box
avoid | you must not go near the black drum | black drum
avoid | give the red cone a wide berth | red cone
turn | hang a left | +
turn | make a right | -
turn | spin ninety degrees clockwise | -
turn | rotate 45 degrees counterclockwise | +
turn | turn to your left a bit | +
turn | face right | -
turn | swing around to the left | +
turn | pivot right 30 degrees | -
turn | take a left turn | +
turn | do a 180 | +
turn | turn yourself around | +
turn | give me a quarter turn to the right | -
turn | rotate left by sixty degrees please | +
turn | could you turn right for me | -
turn | look to the left | +
turn | turn 20 degrees toward the right | -
turn | spin around | +
turn | veer left | +
turn | now turn right by 90 | -
turn | about face | +
move_by | back up a little | -
move_by | go ahead two meters | +
move_by | roll forward half a meter | +
move_by | reverse by 50 cm | -
move_by | scoot back a bit | -
move_by | move up one metre | +
move_by | please drive straight ahead for 3 m | +
move_by | inch forward | +
move_by | take three steps forward | +
move_by | go backwards one meter | -
move_by | come forward a meter and a half | +
move_by | two meters ahead please | +
move_by | back off one metre | -
move_by | drive in reverse for 1 m | -
move_by | keep going straight for two metres | +
wait | hang on for ten seconds
wait | wait a minute
wait | stay where you are for 5 s
wait | give me a second
wait | hold your position for twenty seconds
wait | pause for half a minute
wait | just wait there
wait | wait here until i call you
stop | stop right there
stop | whoa, halt
stop | please stop the robot
stop | stop it now
stop | freeze
stop | that's enough, stop
stop | emergency stop
stop | cut it out and stop moving
stop | don't move
stop | cease all motion
"""

CHINESE_A = """
go_to | 麻烦你挪到那个黄桶边上 | 黄桶
go_to | 我想让你去一下红色的箱子那儿 | 红色的箱子
go_to | 劳驾开到蓝色汽车旁边 | 蓝色汽车
go_to | 咱们去绿色锥桶那里吧 | 绿色锥桶
go_to | 目的地是白色的车 | 白色的车
go_to | 把我带到紫色箱子那里 | 紫色箱子
go_to | 往橙色路锥那边开 | 橙色路锥
go_to | 到黑色圆桶跟前停下来等我 | STOP
go_to | 你过去红桶那边看看 | 红桶
go_to | 向着蓝色的锥桶前进 | 蓝色的锥桶
go_to | 赶紧跑到黄色箱子那儿 | 黄色箱子
go_to | 请自行前往绿色的汽车 | 绿色的汽车
go_to | 帮忙开去白箱子旁边 | 白箱子
go_to | 走近那个穿红衣服的人 | 穿红衣服的人
go_to | 移步到紫色的桶那边 | 紫色的桶
go_to | 先去最近的箱子 | 箱子
go_to | 朝那辆黑车开过去 | 黑车
go_to | 去到橙色盒子的旁边 | 橙色盒子
look_for | 帮我找找红色的锥桶在哪 | 红色的锥桶
look_for | 看看蓝箱子在哪里 | 蓝箱子
look_for | 你能找到绿色的桶吗 | 绿色的桶
look_for | 搜索一下黄色的车 | 黄色的车
look_for | 去找一个白色路锥 | 白色路锥
look_for | 有没有看到紫色的箱子 | 紫色的箱子
follow | 跟着那个穿蓝衣服的人走 | 穿蓝衣服的人
follow | 紧跟前面的白车 | 白车
follow | 一直跟着行人 | 行人
follow | 请跟在红色汽车后面 | 红色汽车
follow | 陪着那个人走 | 人
avoid | 千万别靠近红色的桶 | 红色的桶
avoid | 离那辆车远点儿 | 车
avoid | 请避开穿黑衣服的人 | 穿黑衣服的人
avoid | 不要往黄色箱子那边走 | 黄色箱子
avoid | 躲开前面的锥桶 | 锥桶
avoid | 和行人保持距离 | 行人
avoid | 别碰那个蓝色盒子 | 蓝色盒子
turn | 往左拐 | +
turn | 向右边转个弯 | -
turn | 朝左转九十度 | +
turn | 右转四十五度 | -
turn | 原地掉个头 | +
turn | 逆时针转三十度 | +
turn | 麻烦向右转一下 | -
turn | 转身 | +
turn | 车头往左偏一点 | +
move_by | 往前走两米 | +
move_by | 后退半米 | -
move_by | 倒一米 | -
move_by | 再往前开一点 | +
move_by | 向前移动三步 | +
move_by | 退后一点点 | -
move_by | 直走一米五 | +
wait | 等我十秒
wait | 在原地等一会儿
wait | 稍等片刻
wait | 先等五秒钟
stop | 快停下
stop | 停停停
stop | 别动了
stop | 立刻停车
stop | 不要再走了
"""

ENGLISH_B = """
go_to | could you pop over to the green barrel | green barrel
go_to | please be so kind as to drive to the white box | white box
go_to | go find yourself a spot by the red car | red car
go_to | i want you over by the blue cone | blue cone
go_to | mosey on over to the yellow drum | yellow drum
go_to | let us head towards the orange car | orange car
go_to | get over to the purple crate right now | purple crate
go_to | robot, travel to the black pylon | black pylon
go_to | would you go to the box that is green | box that is green
go_to | drive up next to the person in white | person in white
go_to | please get me to the red barrel | red barrel
go_to | move along to the blue box | blue box
go_to | turn up at the yellow car | yellow car
go_to | target: the white cone | white cone
go_to | visit the orange drum | orange drum
go_to | keep driving until you reach the green car | green car
go_to | position yourself next to the black barrel | black barrel
go_to | can you take me over to the purple cone | purple cone
go_to | we need to get to the red crate | red crate
go_to | meet me at the blue van | blue van
look_for | any idea where the red barrel is | red barrel
look_for | see if you can find the white cone | white cone
look_for | check where the blue box is | blue box
look_for | go look for the yellow car | yellow car
look_for | i need you to locate the green drum | green drum
look_for | find out where the orange crate is | orange crate
look_for | scan for the purple barrel | purple barrel
follow | start following the person in black | person in black
follow | shadow the man in red | man in red
follow | i want you to follow the blue car | blue car
follow | keep following that woman in green | woman in green
follow | stay close to the pedestrian | pedestrian
follow | go after the yellow car | yellow car
avoid | please keep clear of the orange box | orange box
avoid | never go near the green barrel | green barrel
avoid | stay out of the way of the person in blue | person in blue
avoid | be careful to avoid the white car | white car
avoid | keep at a distance from the red cone | red cone
avoid | leave the black crate alone | black crate
avoid | you should stay away from the purple drum | purple drum
avoid | do not approach the yellow car | yellow car
turn | bear right | -
turn | take a right | -
turn | rotate thirty degrees to the left | +
turn | turn left ninety degrees | +
turn | spin to the right by 120 degrees | -
turn | make a u-turn | +
turn | face the other way | +
turn | swivel left a little | +
turn | go right | -
turn | a quarter turn left | +
turn | turn clockwise | -
turn | please face left | +
move_by | drive forward five feet | +
move_by | back away two steps | -
move_by | go straight on for four meters | +
move_by | move backwards half a meter | -
move_by | advance one meter | +
move_by | roll back 30 centimeters | -
move_by | a little further forward | +
move_by | step back | -
wait | wait for fifteen seconds please
wait | stay put
wait | hold on a moment | STOP
wait | hang on a minute
wait | please remain here for a minute
wait | pause for 3 seconds
stop | stop, stop, stop
stop | halt immediately
stop | can you stop please
stop | abort
stop | hold it
stop | don't move another inch, stop
"""

CHINESE_B = """
go_to | 麻烦开到红车那里 | 红车
go_to | 你能不能去一趟蓝桶那儿 | 蓝桶
go_to | 我要去绿色的箱子那里 | 绿色的箱子
go_to | 请把车开到黄色路锥旁边 | 黄色路锥
go_to | 朝白色汽车的方向前进 | 白色汽车
go_to | 过去紫色的锥桶那里 | 紫色的锥桶
go_to | 带我去黑箱子旁边 | 黑箱子
go_to | 走到橙色的桶跟前去 | 橙色的桶
go_to | 移动到穿绿衣服的人旁边 | 穿绿衣服的人
go_to | 靠近红色盒子 | 红色盒子
go_to | 往蓝色的车走过去 | 蓝色的车
look_for | 找一下绿色的锥桶 | 绿色的锥桶
look_for | 红色的车在哪里 | 红色的车
look_for | 帮我看看白色的桶在哪 | 白色的桶
look_for | 去寻找蓝色的箱子 | 蓝色的箱子
follow | 跟上那个人 | 人
follow | 追着红色的车 | 红色的车
follow | 跟在穿黄衣服的人后面走 | 穿黄衣服的人
avoid | 不要碰到绿色的箱子 | 绿色的箱子
avoid | 远离那辆白车 | 白车
avoid | 请绕开黑色的桶 | 黑色的桶
avoid | 别去红色锥桶那里 | 红色锥桶
avoid | 离行人远一些 | 行人
turn | 左转弯 | +
turn | 向右拐 | -
turn | 顺时针转六十度 | -
turn | 请往左转一百二十度 | +
turn | 掉头 | +
turn | 朝右边转三十度 | -
move_by | 前进一米 | +
move_by | 往后退两米 | -
move_by | 向前开三米 | +
move_by | 后退一步 | -
move_by | 往前挪一点 | +
wait | 等一下
wait | 原地等待三十秒
wait | 等一分钟
stop | 停下来
stop | 马上停止
stop | 不许动
"""

ENGLISH_C = """
go_to | would you please move over to the red drum | red drum
go_to | drive across to the white crate | white crate
go_to | go all the way to the blue pylon | blue pylon
go_to | bring me to the green car | green car
go_to | i'd love you to go to the yellow barrel | yellow barrel
go_to | slide over to the black box | black box
go_to | kindly proceed towards the orange cone | orange cone
go_to | steer towards the purple drum | purple drum
go_to | the green crate is your goal | green crate
go_to | walk up to the person wearing red | person wearing red
look_for | can you spot the blue crate | blue crate
look_for | where can i find the red car | red car
look_for | please search for the white drum | white drum
follow | please follow the lady in blue | lady in blue
follow | keep behind the green car | green car
follow | walk with the person in orange | person in orange
avoid | please don't drive into the red box | red box
avoid | stay back from the yellow drum | yellow drum
avoid | i want you to avoid the blue barrel | blue barrel
avoid | keep well away from the green car | green car
turn | turn a little to the left | +
turn | rotate right 15 degrees | -
turn | spin left | +
turn | turn right around | -
turn | make a left turn | +
move_by | drive two meters forward | +
move_by | move back by one meter | -
move_by | go forward slowly | +
move_by | reverse a bit | -
wait | wait a few seconds
wait | hold still for ten seconds
stop | stop driving
stop | please halt
"""

CHINESE_C = """
go_to | 请你走到红色汽车那边去 | 红色汽车
go_to | 去绿桶旁边等着 | 绿桶
go_to | 直接开到白色的箱子那里 | 白色的箱子
go_to | 我需要你去黄色锥桶那里 | 黄色锥桶
go_to | 到紫色的车那边 | 紫色的车
go_to | 驶向蓝色的路锥 | 蓝色的路锥
look_for | 找找看黑色的箱子 | 黑色的箱子
look_for | 黄色的桶在哪儿 | 黄色的桶
follow | 跟住前面那辆车 | 车
follow | 跟着穿白衣服的行人 | 穿白衣服的行人
avoid | 不要靠近那个人 | 人
avoid | 避让行人 | 行人
turn | 向左转一点 | +
turn | 右拐 | -
turn | 逆时针旋转九十度 | +
move_by | 后退一点 | -
move_by | 向前走五步 | +
wait | 稍等
stop | 停车
stop | 快停
"""
