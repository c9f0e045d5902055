"""What text.contact finds: label, and in ⟦brackets⟧ exactly where, in code points of the caller's text."""

from __future__ import annotations

import pytest

from evenhand.detectors.contact import ContactDetector
from evenhand.testing import text_part

CONTACT, LINK = "ads.contact", "ads.link"

FOUND = [
    # Phone numbers, plain
    (CONTACT, "en", "Call me on ⟦+44 20 7946 0018⟧ tonight", 0.95),
    (CONTACT, None, "⟦+1 (415) 555-2671⟧", 0.95),
    (CONTACT, None, "Viet: ⟦+84 912 345 678⟧!", 0.95),
    (CONTACT, None, "⟦+7 912 345-67-89⟧ Иван", 0.95),
    (CONTACT, None, "⟦+34 612 34 56 78⟧", 0.95),
    (CONTACT, None, "⟦+55 11 91234-5678⟧", 0.95),
    (CONTACT, None, "⟦+971 50 123 4567⟧", 0.95),
    (CONTACT, None, "⟦+91 98765 43210⟧", 0.95),
    (CONTACT, None, "⟦＋４４　２０　７９４６　００１８⟧", 0.95),
    (CONTACT, "en", "text me ⟦(415) 555-2671⟧", 0.95),
    (CONTACT, "en", "her number, ⟦415-555-2671⟧, is new", 0.8),
    (CONTACT, "en", "it was 4155552671 no wait ⟦4155552670⟧", 0.6),
    (CONTACT, "fr", "⟦06 12 34 56 78⟧", 0.8),
    (CONTACT, "fr", "appel au ⟦06.12.34.56.78⟧", 0.95),
    (CONTACT, "de", "Anruf unter ⟦0151 23456789⟧ bitte", 0.95),
    (CONTACT, "es", "mi celular ⟦612 345 678⟧", 0.95),
    (CONTACT, "ru", "звоните ⟦8 (912) 345-67-89⟧", 0.95),
    (CONTACT, "ja", "電話は⟦090-1234-5678⟧まで", 0.95),
    (CONTACT, "ko", "연락 주세요 ⟦010-2345-6789⟧", 0.95),
    (CONTACT, "hi", "कॉल करें ⟦98765 43210⟧", 0.95),
    (CONTACT, "pt", "ligue ⟦(11) 91234-5678⟧", 0.95),
    (CONTACT, "zh", "固定电话⟦010-62345678⟧", 0.95),
    (CONTACT, "en", "txt WIN to ⟦87121⟧ now!", 0.7),
    # Chinese mobile numbers, plain and disguised
    (CONTACT, "zh", "我的手机⟦13800138000⟧", 0.95),
    (CONTACT, None, "⟦138-0013-8000⟧", 0.85),
    (CONTACT, None, "⟦138 0013 8000⟧", 0.85),
    (CONTACT, None, "⟦1 3 8 0 0 1 3 8 0 0 0⟧", 0.92),
    (CONTACT, None, "⟦1.3.8.0.0.1.3.8.0.0.0⟧", 0.92),
    (CONTACT, None, "⟦1*3*8*0*0*1*3*8*0*0*0⟧", 0.92),
    (CONTACT, None, "⟦一三八零零一三八零零零⟧", 0.92),
    (CONTACT, None, "⟦壹叁捌零零壹叁捌零零零⟧", 0.92),
    (CONTACT, None, "⟦幺三八零零幺三八零零零⟧", 0.92),
    (CONTACT, None, "⟦１３８００１３８０００⟧", 0.85),
    (CONTACT, None, "⟦①③⑧⓪⓪①③⑧⓪⓪⓪⟧", 0.85),
    (CONTACT, None, "⟦❶❸❽００①③⑧00零⟧", 0.92),
    (CONTACT, None, "⟦1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣⟧ 快来", 0.85),
    (CONTACT, None, "⟦138oo138ooo⟧", 0.92),
    (CONTACT, None, "⟦1380013800O⟧", 0.92),
    (CONTACT, None, "⟦138\u200b0013\u200b8000⟧", 0.85),
    (CONTACT, None, "⟦𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎⟧", 0.85),
    # E-mail
    (CONTACT, None, "write to ⟦bob.smith@example.com⟧.", 0.95),
    (CONTACT, None, "(⟦b-s+tag@mail.example.co.uk⟧)", 0.95),
    (CONTACT, None, "邮箱⟦12345678@qq.com⟧谢谢", 0.95),
    (CONTACT, None, "⟦ｂｏｂ＠ｅｘａｍｐｌｅ．ｃｏｍ⟧", 0.95),
    (CONTACT, None, "⟦name (at) gmail dot com⟧", 0.93),
    (CONTACT, None, "⟦name[at]gmail[dot]com⟧", 0.93),
    (CONTACT, None, "⟦name@gmail dot com⟧", 0.93),
    (CONTACT, None, "mail ⟦name at gmail dot com⟧ ok", 0.85),
    (CONTACT, None, "⟦name艾特qq点com⟧", 0.93),
    # WeChat
    (CONTACT, "zh", "⟦微信：abc_12345⟧", 0.9),
    (CONTACT, "zh", "⟦微信号 wx20240101⟧ 欢迎", 0.9),
    (CONTACT, "zh", "⟦威信abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦薇信号abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦VX: abc12345⟧", 0.85),
    (CONTACT, "zh", "⟦vx abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦v信：abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦wx：abc12345⟧", 0.85),
    (CONTACT, "zh", "⟦+V abc12345⟧", 0.9),
    (CONTACT, "zh", "详情⟦加V：abc12345⟧", 0.9),
    (CONTACT, "zh", "详情⟦加vabc1234⟧", 0.85),
    (CONTACT, "zh", "⟦加薇❤信：abc_12345⟧", 0.9),
    (CONTACT, "zh", "⟦微❤信abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦加微 13800138000⟧", 0.95),
    (CONTACT, "en", "⟦WeChat: abc_12345⟧", 0.9),
    (CONTACT, "zh", "想赚钱的朋友加我⟦薇♥信：abc_12345⟧，名额有限", 0.9),
    (CONTACT, "zh", "⟦加★微·信 abc_12345⟧", 0.9),
    (CONTACT, "zh", "⟦加 微 信 abc_12345⟧", 0.9),
    (CONTACT, "en", "⟦wechat id abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦ＶＸ：ａｂｃ１２３４５⟧", 0.85),
    (CONTACT, "zh", "⟦微\u200b信：abc12345⟧", 0.9),
    (CONTACT, "zh", "⟦🅥🅧：abc12345⟧", 0.85),
    (CONTACT, "zh", "有意⟦加我微信⟧", 0.55),
    (CONTACT, "zh", "想要的⟦加v⟧", 0.55),
    # QQ
    (CONTACT, "zh", "⟦QQ：123456789⟧", 0.95),
    (CONTACT, "zh", "⟦QQ群 123456789⟧", 0.95),
    (CONTACT, "zh", "⟦扣扣一二三四五六七⟧", 0.95),
    (CONTACT, "zh", "⟦企鹅号 1234567⟧", 0.95),
    (CONTACT, "zh", "⟦Q群：765 432 100⟧", 0.95),
    (CONTACT, "zh", "⟦加q 12-34-56-78⟧", 0.95),
    # Telegram
    (CONTACT, None, "⟦t.me/sellerbob⟧", 0.95),
    (CONTACT, None, "⟦https://t.me/+AbCdEf12345⟧", 0.95),
    (CONTACT, "en", "⟦telegram @seller_bob⟧", 0.9),
    (CONTACT, "en", "⟦Telegram: seller_bob⟧", 0.9),
    (CONTACT, "zh", "⟦电报：@seller_bob⟧", 0.9),
    (CONTACT, "zh", "⟦飞机：@seller_bob⟧", 0.6),
    (CONTACT, "en", "⟦tg @seller_bob⟧", 0.85),
    (CONTACT, "ru", "⟦телеграм @seller_bob⟧", 0.9),
    (CONTACT, "ru", "⟦тг: @seller_bob⟧", 0.85),
    (CONTACT, "en", "please ⟦add me on telegram⟧", 0.55),
    # WhatsApp
    (CONTACT, None, "⟦https://wa.me/447911123456⟧", 0.95),
    (CONTACT, "en", "⟦WhatsApp +1 415 555 2671⟧", 0.95),
    (CONTACT, "es", "⟦whatsapp: 612345678⟧", 0.95),
    (CONTACT, "ar", "⟦واتساب 0501234567⟧", 0.95),
    (CONTACT, "ru", "⟦ватсап 89123456789⟧", 0.95),
    # Others
    (CONTACT, "en", "⟦line id: sunny_day⟧", 0.9),
    (CONTACT, "en", "⟦LINE: @sunny99⟧", 0.6),
    (CONTACT, "zh", "⟦加賴 sunny_99⟧", 0.9),
    (CONTACT, "ja", "⟦ラインID sunny_99⟧", 0.9),
    (CONTACT, "en", "⟦Signal: bob.42⟧", 0.6),
    (CONTACT, "en", "⟦discord: bob_the_seller⟧", 0.9),
    (CONTACT, "en", "⟦Discord bob#1234⟧", 0.9),
    (CONTACT, "en", "⟦discord.gg/abcdef⟧", 0.95),
    (CONTACT, "en", "⟦snapchat: bobby_9⟧", 0.9),
    (CONTACT, "en", "⟦insta: @bobby_9⟧", 0.85),
    (CONTACT, "en", "⟦IG @bobby_9⟧", 0.85),
    (CONTACT, "ko", "⟦카톡: bobby99⟧", 0.9),
    (CONTACT, "vi", "⟦zalo: bobby99⟧", 0.85),
    (CONTACT, "en", "⟦dm me @seller_99⟧ for prices", 0.7),
    (CONTACT, "zh", "⟦联系我 @seller_99⟧", 0.7),
    # Links
    (LINK, None, "see ⟦https://example.com/path?q=1⟧.", 0.95),
    (LINK, None, "看⟦http://example.com/a⟧很好", 0.95),
    (LINK, None, "(⟦HTTP://EXAMPLE.COM⟧)", 0.95),
    (LINK, None, "⟦www.example.com⟧", 0.93),
    (LINK, None, "⟦ｗｗｗ．ｅｘａｍｐｌｅ．ｃｏｍ⟧", 0.93),
    (LINK, None, "go to ⟦example.com⟧ now", 0.85),
    (LINK, None, "go to ⟦example.com/page⟧ now", 0.9),
    (LINK, None, "⟦win888.club⟧", 0.85),
    (LINK, None, "⟦bit.ly/abc123⟧", 0.9),
    (LINK, None, "⟦hxxp://bad-site[.]com/x⟧", 0.93),
    (LINK, None, "⟦example [dot] com⟧", 0.93),
    (LINK, None, "⟦shop(dot)example(dot)org⟧", 0.93),
    (LINK, None, "visit ⟦winner99 dot com⟧", 0.93),
    (LINK, None, "⟦example点com⟧", 0.93),
    (LINK, None, "⟦example。com⟧", 0.93),
    (LINK, None, "⟦пример.рф⟧", 0.85),
    (LINK, None, "⟦münchen-shop.de⟧", 0.85),
    (LINK, None, "⟦http://例え.テスト/⟧", 0.95),
    (LINK, None, "访问 ⟦例子公司.中国⟧ 吧", 0.85),
    (LINK, None, "⟦http://93.184.216.34/x⟧", 0.95),
    (LINK, None, "⟦exam\u200bple.com⟧", 0.85),
]


@pytest.fixture(scope="module")
def detector() -> ContactDetector:
    return ContactDetector()


@pytest.mark.parametrize(("label", "language", "marked", "score"), FOUND, ids=range(len(FOUND)))
def test_found(detector: ContactDetector, label: str, language: str | None, marked: str, score: float) -> None:
    start, end = marked.index("⟦"), marked.index("⟧") - 1
    text = marked.replace("⟦", "").replace("⟧", "")
    (answer,) = detector.detect([text_part(text, language=language)])
    places = {f.location.span: f.score for f in answer.findings if f.label == label}
    assert places.get((start, end)) == score, (text, [(f.label, f.score, f.location.span) for f in answer.findings])
    assert answer.scores[label] == max(places.values())
