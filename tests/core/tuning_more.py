# SPDX-License-Identifier: Apache-2.0
"""Tuning list F: a second draw of orders and chatter, written after D was understood, to see what D had not taught."""

ENGLISH_F = """
go_to | swing round to the side entrance | side entrance
go_to | can i get you to drive to the blue container | blue container
go_to | i'd rather you went to the small table | small table
go_to | we're off to the playground | playground
go_to | time to head to the pool | pool
go_to | please make a beeline for the red truck | red truck
go_to | let's get you over to the charging pad | charging pad
go_to | would it kill you to go to the mailbox | mailbox
go_to | ok now what i want is for you to go to the yellow cart | yellow cart
go_to | go ahead and approach the first rack | first rack
go_to | kindly present yourself at the help desk | help desk
go_to | alright off you go to the green door | green door
go_to | just roll on over to the hay bale will ya | hay bale
go_to | er the next thing is the blue bench go over to it | blue bench
go_to | you should probably be near the gate by now | gate
go_to | my bag is by the tree go to the tree | tree
go_to | let's meet up at the flag pole | flag pole
go_to | wait for me at the main entrance | main entrance
go_to | shall we go to the canteen | canteen
go_to | please drive us back to the hotel | hotel
go_to | go and fetch up next to the grey van | grey van
go_to | pull over at the white barrier | white barrier
go_to | do me a favor and go to the sofa | sofa
go_to | can you pretty please drive to the pink house | pink house
go_to | what i need is you at the machine | machine
go_to | please go straight away to the nurse | nurse
go_to | the next stop is | STOP
go_to | roll to the end of the corridor | end of the corridor
go_to | bring the robot to the assembly line | assembly line
look_for | could you have a look for my jacket | jacket
look_for | i'm missing the spare key | spare key
look_for | do you have any idea where my cup is | cup
look_for | i don't know where the ball is | ball
look_for | would you know where the stapler is | stapler
look_for | somebody took the red bike find it | red bike
look_for | let's find the exit sign | exit sign
look_for | look and see if there is a towel anywhere | towel
look_for | have a look around for the grey cat | grey cat
look_for | which way did the girl go | girl
look_for | check if the blue car is around | blue car
look_for | can you tell where the tall lamp is | tall lamp
look_for | i want you to find me a ladder | ladder
look_for | point out the black suitcase | black suitcase
look_for | go get me the location of the green truck | green truck
follow | move with the man in the blue shirt | man in the blue shirt
follow | please could you stay behind the trolley | trolley
follow | always follow the girl with the balloon | girl with the balloon
follow | run along behind the jogger | jogger
follow | keep an eye on the toddler and follow him | toddler
follow | the lady in black follow her | lady in black
follow | pursue the white truck | white truck
follow | let's go after the ice cream van | ice cream van
follow | hey follow my lead dog | lead dog
follow | join the man with the dog | man with the dog
avoid | make a big circle around the wet paint | wet paint
avoid | please keep out of the red zone | red zone
avoid | you really mustn't get near the furnace | furnace
avoid | there's a hole in the floor stay clear of the hole | hole
avoid | no touching the sculpture | sculpture
avoid | i'd appreciate it if you stayed away from my desk | desk
avoid | can you not drive so close to the fence | fence
avoid | hands off the blue crate | blue crate
avoid | watch it don't hit the trash can | trash can
avoid | i told you not to go near the pond | pond
avoid | please be careful around the old lady and keep your distance | old lady
avoid | it's better to avoid the crowd | crowd
avoid | don't even think about going to the red door | red door
avoid | move away from the window | window
avoid | back off from the cat | cat
turn | turn so you face right | -
turn | can we go left now | +
turn | please turn the other way round | +
turn | a hard left please | +
turn | give it ten degrees to the right | -
turn | rotate on the spot by ninety degrees to the left | +
turn | swing your front to the left | +
turn | keep turning right | -
turn | i said left | +
turn | to the right please | -
turn | left a bit | +
turn | more right | -
turn | would you look the other way | +
move_by | move up a bit | +
move_by | drop back two meters | -
move_by | give me one meter back | -
move_by | keep straight | +
move_by | straight ahead for six feet please | +
move_by | a step forward | +
move_by | could you possibly back up by half a meter | -
move_by | move a little bit away | -
move_by | go on forward a few steps | +
wait | wait there till i get back |
wait | please pause for a moment |
wait | i'm not ready yet hold on a bit |
wait | hang back for twenty seconds |
wait | don't do anything for a minute |
wait | just stay |
"""

CHINESE_F = """
go_to | 我想请你去图书馆门口 | 图书馆门口
go_to | 走咱们去食堂 | 食堂
go_to | 快到红色的门那里去 | 红色的门
go_to | 麻烦过去一下打印机那边 | 打印机
go_to | 你可以去楼梯口吗 | 楼梯口
go_to | 把我送到车站 | 车站
go_to | 给我开到蓝色集装箱那边去 | 蓝色集装箱
go_to | 现在往白色的房子走 | 白色的房子
go_to | 我在篮球架这里你过来 | 篮球架
go_to | 你得去那个黑色的柜子旁边 | 黑色的柜子
go_to | 请在黄色的柱子旁边停靠 | 黄色的柱子
go_to | 走到那位穿绿衣服的女士跟前 | 穿绿衣服的女士
go_to | 下一个地点是休息室 | 休息室
go_to | 去一号门那儿接我 | 一号门
look_for | 你知道我的帽子在哪吗 | 帽子
look_for | 能帮我找到那把红伞吗 | 红伞
look_for | 找个垃圾桶 | 垃圾桶
look_for | 看看谁拿了我的杯子 | 杯子
look_for | 我的背包呢 | 背包
look_for | 瞧瞧有没有空椅子 | 空椅子
look_for | 那辆白色货车去哪了 | 白色货车
look_for | 搜一下这附近的灭火器 | 灭火器
follow | 跟着穿黑外套的先生 | 穿黑外套的先生
follow | 你跟那辆推车走 | 推车
follow | 紧跟着那只狗 | 狗
follow | 跟在那队人后面 | 队人
follow | 请一直跟随前面的导游 | 导游
avoid | 离那个坑远着点 | 坑
avoid | 别离炉子太近 | 炉子
avoid | 不要开到草坪上 | 草坪
avoid | 躲着那辆车走 | 车
avoid | 当心别碰到那位奶奶 | 奶奶
avoid | 前面有水坑绕开它 | 水坑
avoid | 避免靠近高压箱 | 高压箱
avoid | 你最好别去那个仓库 | 仓库
turn | 往左手边转 | +
turn | 朝右边来个九十度 | -
turn | 再左一点 | +
turn | 麻烦你转向右侧 | -
turn | 调个头往回看 | +
turn | 左转九十 | +
turn | 请你向右转动二十度 | -
move_by | 往前来两步 | +
move_by | 稍微往后一点 | -
move_by | 再退半米 | -
move_by | 一直走别拐弯 | +
move_by | 再往前五十厘米 | +
move_by | 倒回来一点 | -
wait | 等会儿 |
wait | 站在原地等我 |
wait | 等我喊你 |
wait | 就在这等一分钟 |
wait | 先等一等再说 |
"""

NO_ORDER_F = """
the store is to the left of the bank
i turned my ankle
that went well
go figure
where were we
come to think of it it's late
i can't find the words
follow me on instagram
wait what
keep up the good work
let's go over the plan again
get to the point
turn the page
i'd like a coffee
look at the time
my car is in the garage
find out more on our website
i have to go to work tomorrow
how do i get to the airport
is the door open
move the meeting to friday
don't worry about it
leave it to me
you should see a doctor
he ran to the bus
can you go faster
back in my day we walked
it's on the tip of my tongue
wake me up at seven
did they go left
右边的那个是我弟弟
你往哪里去了
我找不到词了
这事到此为止吧
他跟着音乐跳舞
前几天我去了医院
走路对身体好
你去过上海吗
等你长大就知道了
电梯坏了
"""

ENGLISH_G = """
go_to | can we get moving to the ticket booth | ticket booth
go_to | i could use your help over at the blue rack | blue rack
go_to | get across to the other building | other building
go_to | please wander down to the fountain | fountain
go_to | just follow the path to the red hut | red hut
go_to | you're going to the yellow tank next | yellow tank
go_to | would you join us at the round table | round table
go_to | so we are heading over to the back door now | back door
go_to | drive in the direction of the church | church
go_to | i need a ride to the station | station
go_to | please hurry to the ambulance | ambulance
go_to | come see me at the counter | counter
go_to | please have yourself parked by the hedge | hedge
go_to | put yourself between the two cones | two cones
go_to | from here drive to the wooden bridge | wooden bridge
go_to | can you check on the washing machine | washing machine
go_to | come closer to the blue chair | blue chair
go_to | go past the bench to the statue | statue
go_to | i'm at the bus come over to the bus | bus
look_for | could you help me locate the charger | charger
look_for | where's that red ball gone | red ball
look_for | please tell me where i can find the nurse | nurse
look_for | look under the table for the shoe | shoe
look_for | i am after the green folder | green folder
look_for | see whether you can find any empty pallets | empty pallets
look_for | please look out for a man in a grey suit | man in a grey suit
look_for | i've been looking for the blue pen | blue pen
follow | please keep right behind me i mean behind the bus | bus
follow | chase down the thief | thief
follow | keep pace with the horse | horse
follow | see that guy follow him | guy
follow | be the shadow of the woman in white | woman in white
follow | go everywhere the supervisor goes | supervisor
follow | come along with the nurse | nurse
avoid | please watch the cable don't drive over it | cable
avoid | whatever you do stay off the rails | rails
avoid | don't come any closer to the cat | cat
avoid | you are too close to the car get away from it | car
avoid | drive in a wide arc around the crane | crane
avoid | pay attention not to hit the mirror | mirror
avoid | refrain from approaching the green door | green door
avoid | the lawn is off limits | lawn
avoid | please let's not go near the fire | fire
turn | would you kindly turn left | +
turn | go round to the right | -
turn | turn about twenty degrees left then | +
turn | i need you to look right | -
turn | reverse direction | +
turn | ninety left | +
turn | now left again | +
move_by | move on a bit | +
move_by | back please | -
move_by | come on forward | +
move_by | you can back up now about a meter | -
move_by | forward two | +
move_by | pull ahead a little | +
wait | could you just wait |
wait | please stay here with me for a minute |
wait | not yet |
wait | one sec |
wait | take five |
"""

CHINESE_G = """
go_to | 我们出发去火车站 | 火车站
go_to | 上那个红色的台子那边 | 红色的台子
go_to | 你快点过来鱼缸这里 | 鱼缸
go_to | 麻烦开车送我去学校 | 学校
go_to | 赶到二号门 | 二号门
go_to | 把车停在柳树旁边 | 柳树
go_to | 到走廊尽头 | 走廊尽头
go_to | 跟我说的一样去灰色的桶那里 | 灰色的桶
go_to | 我想让你现在就去配电箱 | 配电箱
look_for | 谁看见我的雨衣了 | 雨衣
look_for | 你去找找那个穿西装的男人 | 穿西装的男人
look_for | 我要找洗手间 | 洗手间
look_for | 能告诉我收银台在哪里吗 | 收银台
look_for | 留意一下红色的气球 | 红色的气球
follow | 跟牢那辆摩托车 | 摩托车
follow | 跟着队伍走 | 队伍
follow | 请你尾随那位顾客 | 顾客
avoid | 离电线远一点儿 | 电线
avoid | 别挡着那辆救护车 | 救护车
avoid | 请勿靠近火源 | 火源
avoid | 绕着那个泥坑走 | 泥坑
turn | 请往左看 | +
turn | 再转右边一点 | -
turn | 转九十度向左 | +
turn | 往反方向转 | +
move_by | 向前进一步 | +
move_by | 往后挪挪 | -
move_by | 过来一点 | +
wait | 等我一分钟 |
wait | 别走远等着 |
wait | 停留十秒 |
"""
