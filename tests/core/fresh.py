# SPDX-License-Identifier: Apache-2.0
"""List H: one more draw of orders, written after all tuning was done and looked at once; nothing was changed after it.

Same form as ``paraphrases``. List E was written first, but by the hand that later widened the grammar, which makes it easier.
Intents understood, by grammar and by meaning: 51 of 55 English (0.927) and 30 of 31 Chinese (0.968).
"""

ENGLISH_H = """
go_to | can you drive to the red cone | red cone
go_to | go over to the recycling bin please | recycling bin
go_to | would you mind going to the front desk | front desk
go_to | i want you to go to the blue tent | blue tent
go_to | let's go to the loading bay | loading bay
go_to | uh head to the elevator doors | elevator doors
go_to | please bring me to the cashier | cashier
go_to | you can go to the yellow table now | yellow table
go_to | move to the shelf on the wall | shelf
go_to | get to the truck as quickly as possible | truck
go_to | i'd like to go to the bakery | bakery
go_to | show me where the bathroom is and take me there | bathroom
go_to | go stand in front of the big screen | big screen
go_to | could you make your way towards the white pole | white pole
go_to | the orange crate next to the wall go to that one | orange crate
go_to | hop over to the fire hydrant | fire hydrant
go_to | roll up next to the patient bed | patient bed
look_for | where is my backpack | backpack
look_for | find the nearest trash can | trash can
look_for | can you look for the black dog | black dog
look_for | i'm looking for a phone charger | phone charger
look_for | have you seen the doctor | doctor
look_for | search for the missing pallet please | missing pallet
look_for | is there a fire exit nearby | fire exit
follow | follow the lady with the red bag | lady with the red bag
follow | can you follow me to see that is follow the nurse | nurse
follow | stay behind the blue truck | blue truck
follow | please keep following the man in front | man in front
follow | go with the delivery guy | delivery guy
follow | track that person | person
avoid | stay away from the water | water
avoid | don't go near the dog | dog
avoid | please avoid the people over there | people
avoid | keep clear of the machine | machine
avoid | watch out don't hit the chair | chair
avoid | you should avoid the stairs | stairs
avoid | do not get too close to the glass | glass
turn | turn left please | +
turn | can you turn to the right a little | -
turn | rotate 45 degrees left | +
turn | turn around and face me | +
turn | make a right turn | -
turn | look left | +
turn | spin around once | +
move_by | go forward two meters | +
move_by | back up a few feet | -
move_by | move a little forward | +
move_by | take two steps back | -
move_by | drive straight for three meters | +
wait | wait here for a minute |
wait | hold on for ten seconds |
wait | stay there until i come back |
stop | stop |
stop | stop right now |
stop | don't move |
"""

CHINESE_H = """
go_to | 去红色的锥桶那里 | 红色的锥桶
go_to | 请你到前台那边去一下 | 前台
go_to | 麻烦开到蓝色帐篷旁边 | 蓝色帐篷
go_to | 带我去收银台 | 收银台
go_to | 我想去会议室 | 会议室
go_to | 走到大门口 | 大门口
go_to | 你能到床边来吗 | 床
go_to | 往黄色的桌子那边走 | 黄色的桌子
go_to | 回到充电的地方 | 充电的地方
look_for | 我的背包在哪里 | 背包
look_for | 帮我找一下充电器 | 充电器
look_for | 你看到医生了吗 | 医生
look_for | 找找附近的垃圾桶 | 垃圾桶
follow | 跟着那位拿红包的女士 | 拿红包的女士
follow | 请跟着护士走 | 护士
follow | 跟上前面的卡车 | 卡车
avoid | 离水远一点 | 水
avoid | 不要靠近那只狗 | 狗
avoid | 请避开那些人 | 人
avoid | 小心别碰到椅子 | 椅子
turn | 请左转 | +
turn | 往右边转一点 | -
turn | 转过来面向我 | +
turn | 左转四十五度 | +
move_by | 前进两米 | +
move_by | 往后退几步 | -
move_by | 再往前走一点点 | +
wait | 在这里等一分钟 |
wait | 等我回来 |
stop | 停下来 |
stop | 别动 |
"""
