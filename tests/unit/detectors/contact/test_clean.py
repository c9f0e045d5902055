"""What text.contact leaves alone, or scores low."""

from __future__ import annotations

import pytest

from evenhand.detectors.contact import ContactDetector
from evenhand.testing import text_part

CLEAN = [
    ("en", "On 2024-01-15 at 12:30:45 we met"),
    ("en", "2024-01-15T12:30:45.123Z"),
    ("en", "20240115123045"),
    ("en", "15.01.2024 - 17.01.2024"),
    ("de", "vom 15.01.2024 bis 17.01.2024"),
    ("en", "1990-2000 and 2001 - 2010"),
    ("en", "It costs $1,234,567.89 or 1234567.89"),
    ("en", "price: 12345678 USD"),
    ("zh", "价格是12345678元"),
    ("zh", "一共花了13800138000元"),
    ("en", "Order 4155550123 has shipped"),
    ("en", "order number: 4155552671"),
    ("zh", "订单号13800138000已发货"),
    ("zh", "单号：13800138000"),
    ("en", "ISBN 978-3-16-148410-0"),
    ("en", "9783161484100"),
    ("en", "ping 192.168.1.100 or 188.23.179.183"),
    ("en", "server 10.0.0.1 port 8080"),
    ("en", "version 2.10.3.4567 and v1.2.3-rc1"),
    ("en", "48.858370, 2.294481"),
    ("en", "lat -33.8567844, long 151.2152967"),
    ("en", "12345678 + 87654321 = 99999999"),
    ("en", "3.14159265358979"),
    ("en", "they won 3-2, then lost 21-14"),
    ("en", "4111 1111 1111 1111"),
    ("en", "5500005555555559"),
    ("en", "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("en", "550e8400-e29b-41d4-a716-446655440000"),
    ("en", "1, 3, 5, 7, 9, 11, 13, 15"),
    ("zh", "一、三、五、七、九、十一、十三"),
    ("zh", "一三五上班，二四六休息"),
    ("zh", "第一百三十八回"),
    ("en", "10 20 30 40 50 60"),
    ("en", "see report.pdf, main.py, node.js and notes.md"),
    ("en", "e.g. this, i.e. that, at 5 p.m. in the U.S."),
    ("en", "I like it.So do you.In the end.Now what"),
    ("en", "os.path.join and self.name and np.in1d and System.out.println"),
    ("en", "We use ASP.NET and Socket.IO"),
    ("en", "the polka dot dress, the dot net way"),
    ("es", "estamos a punto de salir"),
    ("en", "thanks @bob and @alice_99, see you there"),
    ("en", "@support please help"),
    ("en", "git@github.com:foo/bar.git"),
    ("en", "meet me at gate 5 at noon"),
    ("en", "look at that dot on the com panel"),
    ("en", "line 5"),
    ("en", "error on line: 1234"),
    ("en", "line: 12345678"),
    ("en", "the line id column is unique"),
    ("en", "the bottom line is that we won"),
    ("en", "QQ that made me cry"),
    ("zh", "QQ糖很好吃"),
    ("zh", "我2009年开始用QQ 2009"),
    ("en", "signal processing with python3"),
    ("en", "the signal is weak here"),
    ("en", "VX nerve agent"),
    ("en", "the VX2000 printer and the WX-5 radio"),
    ("en", "WeChat is popular in China"),
    ("en", "Telegram and WhatsApp are messengers"),
    ("en", "WhatsApp: the app is down"),
    ("zh", "微信支付很方便"),
    ("zh", "微信8.0.32版本"),
    ("zh", "增加微信功能"),
    ("zh", "坐飞机去北京"),
    ("zh", "动物园的企鹅很可爱"),
    ("zh", "开通VIP，增加vip会员"),
    ("zh", "他的薇薇很好"),
    ("zh", "点点滴滴，一点cookies"),
    ("zh", "我喜欢iPhone。Mac也好"),
    ("zh", "1.中国人 2.美国人"),
    ("en", "snap: what a day"),
    ("en", "1+1=2"),
    ("en", "http://localhost:8000/docs and http://127.0.0.1/x"),
    ("en", "http://192.168.1.1/"),
    ("en", "C:\\Users\\bob\\file.txt and /etc/hosts"),
    ("en", "Room 4155, building 26, floor 71"),
    ("en", "timestamp 1700000000 and 1700000000123"),
    ("en", "tracking number 9400111899223856928499"),
    ("en", "population: 331,449,281 people"),
    ("en", "call of duty 2, text editors and cell phones"),
    ("en", "0.1 + 0.2 = 0.30000000000000004"),
    ("en", "send 2000 to the bank and text to me"),
    ("en", "send money to 50000 people"),
    ("en", "1380013800 or so"),
    ("ja", "2024年1月15日 12時30分"),
    ("ja", "ラインが切れた"),
    ("ru", "в 2024 году было 1500000 человек"),
    ("ar", "في عام 2024 كان هناك 1500000 شخص"),
    ("hi", "साल 2024 में 1500000 लोग थे"),
    ("es", "son las 12:30, quedamos a las 13:45"),
    ("fi", "Hyvää huomenta kaikille, nähdään klo 12.30"),
    ("tr", "Bugün hava çok güzel, yarın saat 10.30'da"),
    ("en", "&#128514;&#128514;&#161;&#9829;"),
    ("en", "\u200b\u200b\ufeff"),
    ("en", "free tonight? let's have dinner"),
    ("en", "there is a discount"),
    ("zh", "今天有优惠"),
]

LOW = [  # (language, text, label, highest score allowed)
    ("en", "see amazon.co for it", "ads.link", 0.5),
    ("zh", "加个微信吧", "ads.contact", 0.45),
]


@pytest.fixture(scope="module")
def detector() -> ContactDetector:
    return ContactDetector()


@pytest.mark.parametrize(("language", "text"), CLEAN, ids=range(len(CLEAN)))
def test_clean(detector: ContactDetector, language: str, text: str) -> None:
    (answer,) = detector.detect([text_part(text, language=language)])
    assert [(f.label, f.score, f.reason) for f in answer.findings] == []


@pytest.mark.parametrize(("language", "text", "label", "most"), LOW)
def test_low(detector: ContactDetector, language: str, text: str, label: str, most: float) -> None:
    (answer,) = detector.detect([text_part(text, language=language)])
    assert answer.scores.get(label, 0.0) <= most
