# SPDX-License-Identifier: Apache-2.0
"""Tuning list D: orders in the manner people talk, and no orders, on which the grammar and the prototypes were widened.

Same form as ``paraphrases``; ``heldout`` is what it is held against.
"""

ENGLISH_D = """
go_to | would you be able to drive over to the hydrant | hydrant
go_to | i'm gonna need you to go to the dumpster | dumpster
go_to | uh so like go to the uh big tent | big tent
go_to | we should get going to the gas pump | gas pump
go_to | go ahead and go to the mail room | mail room
go_to | what if you drove to the grey container | grey container
go_to | maybe go to the dining table | dining table
go_to | you see the orange bucket go there | orange bucket
go_to | see the black trailer drive to it | black trailer
go_to | the one over there the red tractor go to it | red tractor
go_to | the whiteboard please | whiteboard
go_to | to the bookcase | bookcase
go_to | next destination is the water cooler | water cooler
go_to | please can you just pop by the office door | office door
go_to | it'd be nice if you would go to the blue drum | blue drum
go_to | i was hoping you could come to the bathroom door | bathroom door
go_to | do you mind driving over to the yellow bus | yellow bus
go_to | show up at the front gate | front gate
go_to | could you show me to the meeting room | meeting room
go_to | walk me to the pharmacy | pharmacy
go_to | lead the way to the stairs | stairs
go_to | go sit by the radiator | radiator
go_to | stand next to the lamp | lamp
go_to | get yourself to the hangar as quick as possible | hangar
go_to | bring yourself here to the counter | counter
go_to | run to the blue tarp quickly | blue tarp
go_to | i want to go to the big oak tree | big oak tree
go_to | my destination is the red gate | red gate
go_to | you are wanted at the cash register | cash register
go_to | they need you over at the warehouse door | warehouse door
go_to | keep going until you get to the yellow sign | yellow sign
go_to | drive straight till you hit the gravel pile | gravel pile
go_to | come over here to the crib | crib
go_to | come to where the green cart is | green cart
go_to | go over where the oven is | oven
go_to | get closer to the bench | bench
go_to | move nearer to the tv | tv
go_to | let's check out the orange bin | orange bin
go_to | take a look at the broken window up close | broken window
go_to | go see what's at the blue gate | blue gate
go_to | head back to base station | base station
go_to | back to the charger | charger
go_to | the goal is the green pole | green pole
go_to | go right up to the white fence | white fence
go_to | go in front of the tall mirror | tall mirror
go_to | drop me off at the red house | red house
look_for | i need to find the first aid kit | first aid kit
look_for | help me look for my wallet | wallet
look_for | i lost track of the brown dog | brown dog
look_for | where on earth is the hammer | hammer
look_for | where could the scissors be | scissors
look_for | where have they put the yellow bucket | yellow bucket
look_for | is there a chair around here | chair
look_for | are there any cones nearby | cones
look_for | do you happen to see the red umbrella | red umbrella
look_for | tell me when you spot the delivery truck | delivery truck
look_for | try finding the black helmet | black helmet
look_for | search this floor for a blue jacket | blue jacket
look_for | go and look for the cat please | cat
look_for | can you see my glasses anywhere | glasses
look_for | check around for a screwdriver | screwdriver
look_for | i'm searching for the white mug | white mug
look_for | find out where the tall man went | tall man
look_for | what happened to the green trolley where is it | green trolley
look_for | get eyes on the red pickup | red pickup
look_for | track down the pink box | pink box
follow | go along with the doctor | doctor
follow | keep up with my sister | sister
follow | follow along behind the cart | cart
follow | follow right behind that bus | bus
follow | i need you to tail the blue sedan | blue sedan
follow | keep on the heels of the runner | runner
follow | don't let the boy out of your sight | boy
follow | make sure you don't lose the cyclist | cyclist
follow | go wherever the old lady goes | old lady
follow | stay with the woman in the red dress | woman in the red dress
follow | just keep on following the guide | guide
follow | come after the man with the umbrella | man with the umbrella
follow | can you trail behind the pallet jack | pallet jack
follow | would you go with the kid in green please | kid in green
follow | move along behind the tour group | tour group
follow | where the janitor goes you go | janitor
avoid | don't go over there by the stove | stove
avoid | i don't want you going near the ladder | ladder
avoid | you better stay away from the cliff | cliff
avoid | keep off the grass | grass
avoid | no going near the swimming pool | swimming pool
avoid | don't you dare touch the vase | vase
avoid | do not get in the way of the nurse | nurse
avoid | stay off the carpet | carpet
avoid | try to keep away from the kids | kids
avoid | the hot oven is dangerous keep away from it | hot oven
avoid | mind the step keep clear of it | step
avoid | be sure not to run into the glass door | glass door
avoid | please don't crash into the bike | bike
avoid | make sure you don't hit the wall | wall
avoid | drive around the pothole don't go in it | pothole
avoid | you're not allowed near the server rack | server rack
avoid | under no circumstances approach the red tank | red tank
avoid | we don't want to be close to the generator | generator
avoid | keep a good distance between you and the horse | horse
avoid | let the workers have some space | workers
turn | turn to face left | +
turn | could you turn to your right please | -
turn | rotate left a quarter turn | +
turn | now go right here | -
turn | um take the next left | +
turn | a bit to the left | +
turn | no a little more to the right | -
turn | spin yourself around | +
turn | i'd like you to face the opposite direction | +
turn | turn your body to the right | -
turn | look over to your left | +
turn | turn like ninety degrees to the left | +
turn | rotate right about twenty degrees | -
turn | make a forty five degree turn to the right | -
turn | do a quick left turn | +
turn | slight right | -
turn | hard left | +
turn | turn back the way you came | +
turn | hang a right at the corner | -
turn | can you spin clockwise please | -
move_by | take one step back | -
move_by | could you go forward a bit more | +
move_by | come a bit closer | +
move_by | move forward maybe two meters | +
move_by | go forward like three feet | +
move_by | back it up one meter | -
move_by | please reverse a little bit | -
move_by | a meter forward please | +
move_by | keep rolling straight ahead | +
move_by | proceed straight for ten meters | +
move_by | scoot backwards just a tad | -
move_by | you need to back off by two feet | -
move_by | drive one and a half meters ahead | +
move_by | get going forward | +
move_by | roll ahead slowly one meter | +
wait | wait up |
wait | just a minute |
wait | hold your horses for a minute |
wait | don't move on yet wait for me |
wait | could you hang around here for a bit |
wait | stay right there for ten seconds |
wait | let's wait a while |
wait | i need a minute |
wait | take a break for thirty seconds |
wait | stand by please |
stop | i want you to stop now |
stop | ok stop |
stop | that will do stop please |
stop | halt right now |
stop | stop moving |
stop | please freeze |
stop | would you please just stop |
stop | hold it right there |
"""

CHINESE_D = """
go_to | 你帮我去一下仓库 | 仓库
go_to | 麻烦去趟洗手间 | 洗手间
go_to | 能不能请你开到那个绿色的柜子那里 | 绿色的柜子
go_to | 嗯那个去一下大门口 | 大门口
go_to | 你到窗台那边去 | 窗台
go_to | 我想去二号会议室 | 二号会议室
go_to | 带我到药房 | 药房
go_to | 送我去急诊室 | 急诊室
go_to | 走去那个白色的冰柜 | 白色的冰柜
go_to | 往红色的卡车那儿开 | 红色的卡车
go_to | 往大树那边去 | 大树
go_to | 向着蓝色帐篷走 | 蓝色帐篷
go_to | 开过去那个灰色集装箱旁边 | 灰色集装箱
go_to | 看见那个橙色的桶没有开过去 | 橙色的桶
go_to | 那辆黑色货车开过去 | 黑色货车
go_to | 桌子那边去一下 | 桌子
go_to | 下一站是茶水间 | 茶水间
go_to | 目的地厨房 | 厨房
go_to | 回到起点 | 起点
go_to | 返回充电座 | 充电座
go_to | 离书柜近一点 | 书柜
go_to | 再靠近一点那个红色箱子 | 红色箱子
go_to | 到门这儿来 | 门
go_to | 过来沙发旁边 | 沙发
go_to | 我要你到五号货架那里 | 五号货架
go_to | 请前往一楼大厅 | 一楼大厅
go_to | 咱去电视机前面 | 电视机
go_to | 停到黄线那里等着 | 黄线
look_for | 我的眼镜在哪 | 眼镜
look_for | 钥匙哪去了 | 钥匙
look_for | 你能看到那只狗吗 | 狗
look_for | 有没有红色的雨伞 | 红色的雨伞
look_for | 这附近有椅子吗 | 椅子
look_for | 帮忙找一下急救箱 | 急救箱
look_for | 去看看锤子放在哪里 | 锤子
look_for | 我想找一个螺丝刀 | 螺丝刀
look_for | 我在找我的钱包 | 钱包
look_for | 找到那个戴帽子的人 | 戴帽子的人
look_for | 把剪刀找出来 | 剪刀
look_for | 四处看看有没有灭火器 | 灭火器
follow | 跟着我妈妈 | 我妈妈
follow | 跟那个医生走 | 医生
follow | 请跟上前面的小车 | 小车
follow | 一路跟着那个拿伞的人 | 拿伞的人
follow | 别把那个小孩跟丢了 | 小孩
follow | 你就跟着那辆红色公交车 | 红色公交车
follow | 跟在老师身后 | 老师
follow | 保洁员去哪你就跟到哪 | 保洁员
follow | 紧紧跟住那个骑手 | 骑手
follow | 陪这位女士走 | 女士
avoid | 不要到炉子那边去 | 炉子
avoid | 离那个梯子远一点 | 梯子
avoid | 别碰花瓶 | 花瓶
avoid | 你离小孩远点 | 小孩
avoid | 不要撞上玻璃门 | 玻璃门
avoid | 注意别压到草地 | 草地
avoid | 不许靠近游泳池 | 游泳池
avoid | 记得避开施工的地方 | 施工的地方
avoid | 小心那个坑绕过去 | 坑
avoid | 烤箱很烫别靠近它 | 烤箱
avoid | 给行人留点空间 | 行人
avoid | 千万别往悬崖那边开 | 悬崖
turn | 向左边拐 | +
turn | 右边转一下 | -
turn | 请左转九十度 | +
turn | 往右转个弯 | -
turn | 身子往左转一转 | +
turn | 再向左一点 | +
turn | 转个身 | +
turn | 调转车头 | +
turn | 往右打一点方向 | -
turn | 顺时针转一下 | -
turn | 左转大概三十度 | +
turn | 下个路口右拐 | -
move_by | 往后倒一点 | -
move_by | 再往前走一点 | +
move_by | 向前大概两米 | +
move_by | 再靠近一点 | +
move_by | 退后两步 | -
move_by | 前面走三米 | +
move_by | 往前开个五米 | +
move_by | 你退一下 | -
move_by | 慢慢地往后退 | -
move_by | 一直往前走 | +
wait | 你等我一会儿 |
wait | 等半分钟 |
wait | 在那儿别走等我回来 |
wait | 先别急等一下 |
wait | 请在此等候 |
wait | 等我两分钟好吗 |
wait | 歇一会儿 |
stop | 停一停 |
stop | 停下别走了 |
stop | 赶紧刹车 |
stop | 你给我停 |
stop | 不要动 |
stop | 立即停止 |
stop | 好了停 |
stop | 站住别动 |
"""

NO_ORDER_D = """
what's the weather like
how old are you
i'm fine thanks
my sister went to the beach
the red box is mine
what does this button do
who won the game last night
can you sing a song
that's not right
he's right about that
i left my phone at home
we are out of milk
you turned out to be useful
turn the heating down
turn off the lights please
the car is parked outside
do you speak french
what is the capital of italy
i'm looking forward to the weekend
we waited for two hours
i used to live near the station
it takes a while to get there
who is that man
what color is the box
nice to meet you
you did a good job
where do you come from
where are you from
how does this work
close the door
set a timer for ten minutes
read me the news
did you see the film yesterday
the kids are at school
is this thing on
what are you doing
my back hurts
she turned left at the light
they moved forward with the plan
go to hell
i don't know
no thanks
never mind
forget about it
the meeting was moved back by an hour
to be honest i don't care
你是谁
今天星期几
我左手疼
他走了两个小时了
我不知道
没关系
把电视关了
天气真好
这个箱子是红色的
我们去年去过北京
她在等公交车
这车多少钱
你会唱歌吗
真不错
前面那个人是谁
昨天我找到工作了
"""
