# SPDX-License-Identifier: Apache-2.0
"""Held-out list E: orders in the manner people talk (indirect, polite, sloppy, as a recogniser writes them), and no orders.

Same form as ``paraphrases``. Written before anything was tuned on list D, and never tuned on: do not widen the grammar for
what fails here, write a new list instead. NO_ORDER holds chatter and questions, which must not move the robot.

First look, before tuning: intent 0.529 English, 0.640 Chinese. After tuning on lists C, D, F and G: 0.981 and 0.970, by grammar and by
meaning; 2 of 60 sentences that are no order moved the robot. The hand that wrote this list also widened the grammar: list H
(``fresh``), written last, says better what to expect.
"""

ENGLISH_E = """
go_to | i was wondering if you could drive up to the loading dock | loading dock
go_to | um can you go to the uh kitchen table | kitchen table
go_to | we gotta get to the elevator | elevator
go_to | mosey on down to the big tree | big tree
go_to | could you be at the front door please | front door
go_to | meet me at the coffee machine | coffee machine
go_to | next stop the charging station | STOP
go_to | i'd love for you to head toward the silver truck | silver truck
go_to | see that red cone over there go to it | red cone
go_to | you know the blue bin yeah go to that one | blue bin
go_to | would it be possible for you to drive to the gate | gate
go_to | get your butt over to the couch | couch
go_to | why don't you go to the reception desk | reception desk
go_to | how about you roll over to the green dumpster | green dumpster
go_to | i think you should go stand by the window | window
go_to | the forklift go to the forklift | forklift
go_to | take yourself to the sink | sink
go_to | destination yellow barrel | yellow barrel
go_to | ok robot let's move to the second shelf | second shelf
go_to | would you please be so kind as to come to the sofa | sofa
go_to | make for the exit | exit
go_to | it would be great if you could get to the parking lot | parking lot
go_to | hey buddy go on over to that white van will you | white van
go_to | i need you to position yourself right beside the bed | bed
go_to | go as close as you can to the fence | fence
go_to | travel in the direction of the lighthouse | lighthouse
go_to | head out to the mailbox | mailbox
go_to | please return to the docking station | docking station
go_to | go back to the printer | printer
go_to | we're heading to the red tent | red tent
go_to | your job is to reach the orange cone | orange cone
go_to | aim for the blue pillar | blue pillar
go_to | that pallet by the wall go there | pallet
go_to | gonna need you at the workbench | workbench
go_to | get to the ladder as fast as you can | ladder
go_to | could we possibly drive over near the black suv | black suv
go_to | let us go see the statue | statue
go_to | line yourself up next to the conveyor belt | conveyor belt
go_to | go check out the cardboard box near the stairs | cardboard box
go_to | go to the right side of the piano | piano
go_to | i'd be grateful if you went over to the fridge | fridge
go_to | come here to the yellow line | yellow line
go_to | you're needed at the nurses station | nurses station
go_to | the lobby please | lobby
go_to | drive till you get to the red mailbox | red mailbox
go_to | take me to the guy with the hat | guy with the hat
look_for | help me find my phone | phone
look_for | i can't seem to find the remote | remote
look_for | where did the dog go | dog
look_for | do we have a fire extinguisher around here | fire extinguisher
look_for | can you figure out where the mop is | mop
look_for | any sign of the orange cat | orange cat
look_for | look everywhere for the missing suitcase | missing suitcase
look_for | see if there's a wheelchair around | wheelchair
look_for | i'm trying to find the red backpack | red backpack
look_for | i wonder where the toolbox is | toolbox
look_for | go find the nurse | nurse
look_for | would you look for a green bottle please | green bottle
look_for | is there a trash can somewhere | trash can
look_for | check whether you can see a white truck | white truck
look_for | hunt down the yellow cone | yellow cone
look_for | we need to find the black bag | black bag
look_for | scout around for a pallet | pallet
look_for | seen the blue ladder anywhere | blue ladder
look_for | could you try and find my keys for me | keys
look_for | let me know if you see a person in red | person in red
follow | come with me to see, no, follow the lady in the white coat | lady in the white coat
follow | keep behind the forklift | forklift
follow | can you go after that kid | kid
follow | stay on the tail of the red car | red car
follow | go where the man with the backpack goes | man with the backpack
follow | i'd like you to follow along behind the nurse | nurse
follow | don't lose the guy in the yellow vest | guy in the yellow vest
follow | keep following the truck | truck
follow | walk with the woman in green | woman in green
follow | tag behind the postman | postman
follow | please stay close to the person in blue as she walks | person in blue
follow | just follow whoever is wearing orange | whoever is wearing orange
follow | could you accompany the visitor | visitor
follow | drive along behind the tractor | tractor
follow | follow this man wherever he goes | man
follow | start tracking the cyclist | cyclist
follow | stick to the white van | white van
avoid | don't go anywhere near the stairs | stairs
avoid | keep well back from the fire | fire
avoid | i don't want you near the pool | pool
avoid | please don't get close to the baby | baby
avoid | make sure to stay away from the forklift | forklift
avoid | leave the dog alone | dog
avoid | stay out of the way of the ambulance | ambulance
avoid | whatever happens don't touch the glass table | glass table
avoid | try not to hit the white car | white car
avoid | you shouldn't go near the edge | edge
avoid | keep your distance to the horse | horse
avoid | better not drive up to the construction site | construction site
avoid | give that old man some space | old man
avoid | watch out for the wet floor sign and keep clear of it | wet floor sign
avoid | the red barrel is dangerous stay away from it | red barrel
avoid | be careful not to bump into the shelf | shelf
avoid | never ever go near the black box | black box
avoid | steer well clear of the puddle | puddle
avoid | go around the broken pallet don't get near it | broken pallet
avoid | can you please avoid that group of people | group of people
turn | take a left here | +
turn | can you face the other way | +
turn | spin a quarter turn to the left | +
turn | rotate thirty degrees to the right please | -
turn | turn a bit more to the right | -
turn | go left | +
turn | i want you to turn right ninety degrees | -
turn | make a sharp left | +
turn | turn left about forty five degrees | +
turn | please could you rotate clockwise by 60 degrees | -
turn | look right | -
turn | swing left a little | +
turn | ok now a hard right | -
turn | turn all the way around | +
turn | twist yourself to the left | +
turn | do a one eighty | +
turn | uh turn um right | -
turn | left turn please | +
turn | point yourself to the right | -
turn | turn anticlockwise a tiny bit | +
move_by | move ahead about two meters | +
move_by | could you back up a bit please | -
move_by | come forward just a little bit | +
move_by | go straight for five meters | +
move_by | drive three feet backwards | -
move_by | a bit closer come forward one meter | +
move_by | roll back half a meter | -
move_by | keep moving forward | +
move_by | i need you to reverse two steps | -
move_by | nudge forward ten centimeters | +
move_by | get back a little | -
move_by | can you scoot forward like a meter | +
move_by | one more meter forward | +
move_by | drive on for 4 meters | +
move_by | just go forward a touch | +
wait | wait for me here |
wait | can you wait like thirty seconds |
wait | hang on a sec |
wait | stay there for a couple of minutes |
wait | don't go yet wait ten seconds |
wait | give me five minutes |
wait | stay put |
wait | i'll be right back wait here |
wait | hold your position please |
stop | ok that's far enough stop |
stop | stop stop stop |
stop | please halt immediately |
stop | would you stop moving |
stop | hey freeze right there |
stop | no no stop |
stop | stop the car |
stop | i said stop |
"""

CHINESE_E = """
go_to | 能麻烦你去一趟厨房吗 | 厨房
go_to | 那个你去一下门口 | 门口
go_to | 去电梯那边等我 | 电梯
go_to | 我需要你到前台去 | 前台
go_to | 带我去卫生间 | 卫生间
go_to | 开到那棵大树下面 | 大树
go_to | 你去看一下那个蓝色的箱子 | 蓝色的箱子
go_to | 往充电桩走 | 充电桩
go_to | 咱们到停车场去吧 | 停车场
go_to | 嗯到那个红色锥桶旁边去 | 红色锥桶
go_to | 请移动至三号货架 | 三号货架
go_to | 可以帮忙开到仓库门口吗 | 仓库门口
go_to | 走到白色卡车的左边 | 白色卡车
go_to | 到沙发这儿来 | 沙发
go_to | 麻烦送我到护士站 | 护士站
go_to | 向那辆银色的汽车开过去 | 银色的汽车
go_to | 看到那个黄桶了吗去那里 | 黄桶
go_to | 那个绿色垃圾桶你过去一下 | 绿色垃圾桶
go_to | 回充电站 | 充电站
go_to | 靠近一点那个书架 | 书架
go_to | 你先走到桌子跟前 | 桌子
go_to | 目标是红色的帐篷 | 红色的帐篷
go_to | 我们要去会议室 | 会议室
go_to | 赶快去窗户那里 | 窗户
go_to | 要不你去冰箱那边吧 | 冰箱
go_to | 开过去停到黑色越野车旁边 | 黑色越野车
go_to | 导航去出口 | 出口
go_to | 你能不能过来床边 | 床边
go_to | 麻烦过来水池这边 | 水池
look_for | 帮我找找我的手机 | 手机
look_for | 你看见我的钥匙没有 | 钥匙
look_for | 附近有没有灭火器 | 灭火器
look_for | 遥控器放哪儿了 | 遥控器
look_for | 去把那只猫找出来 | 猫
look_for | 我找不到我的书包了 | 书包
look_for | 看一下周围有没有轮椅 | 轮椅
look_for | 请搜索穿红衣服的人 | 穿红衣服的人
look_for | 哪里有垃圾桶 | 垃圾桶
look_for | 四处找一下那个黑色行李箱 | 黑色行李箱
look_for | 拖把在什么地方 | 拖把
look_for | 能找到那个绿瓶子吗 | 绿瓶子
follow | 跟着前面那个人 | 人
follow | 你跟在护士后面走 | 护士
follow | 跟好这辆叉车 | 叉车
follow | 别跟丢了那个穿黄背心的人 | 穿黄背心的人
follow | 请跟随穿白大褂的医生 | 穿白大褂的医生
follow | 一直跟着那辆白色面包车 | 白色面包车
follow | 陪那位老奶奶一起走 | 老奶奶
follow | 他去哪你就去哪跟着那个男的 | 男的
follow | 麻烦你跟一下那个小孩 | 小孩
follow | 追上那个骑车的人 | 骑车的人
avoid | 别靠近楼梯 | 楼梯
avoid | 离火远点 | 火
avoid | 千万不要碰那个玻璃桌 | 玻璃桌
avoid | 小心别撞到那辆白车 | 白车
avoid | 不要去水池那边 | 水池
avoid | 绕开那摊水 | 水
avoid | 尽量避开人群 | 人群
avoid | 跟那只狗保持距离 | 狗
avoid | 那个黑箱子很危险离它远一点 | 黑箱子
avoid | 给那位老人让开点 | 老人
avoid | 你可别开到施工区里去 | 施工区
avoid | 注意躲着点那辆叉车 | 叉车
turn | 往左转 | +
turn | 麻烦向右转九十度 | -
turn | 左拐 | +
turn | 再往右边偏一点 | -
turn | 逆时针转三十度 | +
turn | 转过去朝后 | +
turn | 右转四十五度吧 | -
turn | 你往左边转一点点 | +
turn | 掉个头 | +
turn | 车头向右摆一下 | -
turn | 原地左转一百八十度 | +
turn | 嗯向右拐个弯 | -
move_by | 往前走两米 | +
move_by | 后退一点 | -
move_by | 再往前挪一点点 | +
move_by | 麻烦倒车一米 | -
move_by | 直走五米 | +
move_by | 向后退三步 | -
move_by | 前进半米 | +
move_by | 继续往前开 | +
move_by | 退后一些 | -
move_by | 能不能往前来一点 | +
wait | 等我一下 |
wait | 在这儿等五分钟 |
wait | 你先等等 |
wait | 原地待命 |
wait | 等个十秒钟 |
wait | 稍等片刻 |
wait | 别急等三十秒 |
stop | 停 |
stop | 快停下来 |
stop | 停车停车 |
stop | 不要再走了 |
stop | 给我站住 |
stop | 马上停止 |
stop | 行了停吧 |
stop | 别动 |
"""

NO_ORDER_E = """
what time is it
how are you doing today
the weather is really nice
i went to the store yesterday
that red cone looks old
my brother works at the hospital
who made you
do you like driving
you're right
she left an hour ago
that's all right then
turn up the volume
turn on the lights
can you turn off the tv
how far is it to the moon
i'm going to see my doctor tomorrow
the box is heavy
what is your name
tell me a joke
i like the blue one better
we had lunch near the park
he follows the news every day
what's left in the fridge
play some music
i have been waiting for hours
good morning everyone
did you charge your battery
what did you do with the money
call my mother please
the meeting is at three
it turned out fine in the end
how do you make coffee
i moved house last year
are you tired
that was a good game
remember to buy milk
is it going to rain
why is the sky blue
thank you very much
open the window
今天天气怎么样
你叫什么名字
我昨天去了超市
那个箱子挺重的
现在几点了
你喜欢开车吗
给我讲个笑话
我哥哥在医院上班
把灯打开
声音大一点
谢谢你帮了大忙
明天会下雨吗
她向来很守时
左边那个比较好看
我等了一个小时了
这个锥桶是谁买的
你吃饭了吗
放一首歌
前天我们一起去爬山了
空调太冷了
"""
