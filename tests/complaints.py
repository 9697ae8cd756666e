"""What customers say in five languages: two matters that make them angry, and calm talk."""

TALK = {
    "en": (
        (
            "on hold for two hours and nobody answers the phone",
            "your phone line left me on hold since morning",
            "hold music again, the phone just rings for hours",
            "been on hold with your phone support for three hours",
            "still on hold, does anybody answer that phone",
            "the phone hung up after an hour on hold",
        ),
        (
            "my parcel never arrived and the courier says delivered",
            "the courier threw the parcel over the fence",
            "parcel lost again by your courier",
            "courier never rang, parcel went back to the depot",
            "where is my parcel, the courier has no idea",
            "two weeks and your courier still has my parcel",
        ),
    ),
    "bg": (
        (
            "чакам връщане на парите вече месец",
            "кога ще видя връщането на парите си",
            "никакво връщане на парите, само обещания",
            "отказвате връщане на парите без причина",
            "връщането на парите ви отнема цяла вечност",
            "искам връщане на парите, писна ми",
        ),
        (
            "куриерът изгуби пратката ми",
            "пратката дойде счупена, куриерът се смее",
            "куриер и пратка няма вече седмица",
            "пратката стои в склада, куриерът мълчи",
            "вашият куриер хвърли пратката на двора",
            "къде е пратката ми, куриерът не вдига",
        ),
    ),
    "ru": (
        (
            "возврат денег жду второй месяц",
            "когда будет возврат денег за билет",
            "возврата денег нет, одни отписки",
            "опять отказали в возврате денег",
            "деньги за возврат так и не пришли, денег нет",
            "возврат денег у вас просто издевательство",
        ),
        (
            "курьер потерял мою посылку",
            "посылка разбита, курьер хамит",
            "курьер не приехал, посылки нет",
            "посылку бросили под дверь, курьер сбежал",
            "где моя посылка, курьера никто не видел",
            "третий курьер и ни одной посылки",
        ),
    ),
    "id": (
        (
            "pengembalian dana saya belum masuk sebulan",
            "kapan pengembalian dana diproses",
            "pengembalian dana ditolak tanpa alasan",
            "janji pengembalian dana cuma omong kosong",
            "dana saya hilang, pengembalian nihil",
            "sudah dua bulan menunggu pengembalian dana",
        ),
        (
            "kurir membuang paket saya di jalan",
            "paket hilang, kurir tidak peduli",
            "kurir bohong, paket belum sampai",
            "paket rusak parah gara-gara kurir",
            "mana paket saya, kurir kabur",
            "kurir marah-marah waktu antar paket",
        ),
    ),
    "lt": (
        (
            "pinigų grąžinimo laukiu jau mėnesį",
            "kada bus pinigų grąžinimas",
            "pinigų grąžinimo nėra, tik pažadai",
            "atsisakote grąžinimo, kur mano pinigai",
            "grąžinimas užtruko, pinigų vis nematau",
            "pinigų grąžinimas pas jus yra pasityčiojimas",
        ),
        (
            "kurjeris pametė mano siuntą",
            "siunta sudaužyta, kurjeris juokiasi",
            "kurjerio nėra, siuntos nėra",
            "siuntą paliko lauke, kurjeris pabėgo",
            "kur mano siunta, kurjeris nekelia",
            "trečias kurjeris ir nė vienos siuntos",
        ),
    ),
}
"""By language: six ways to complain of one matter, six of another."""

ANGER = {
    "en": ("this is terrible", "worst people ever", "shame on you", "I am furious", "awful"),
    "bg": ("това е ужасно", "най-лошите хора", "срам за вас", "бесен съм", "отврат"),
    "ru": ("это ужасно", "худшие люди", "позор вам", "я в ярости", "кошмар"),
    "id": ("ini parah sekali", "keterlaluan", "memalukan", "saya marah", "payah"),
    "lt": ("tai siaubinga", "blogiausi žmonės", "gėda jums", "esu įsiutęs", "baisu"),
}
"""Words of anger that go with every matter."""

CALM = {
    "en": ("is the shop open on sunday", "thanks for the new app", "I like the blue one",
           "does anybody know the price", "ordered a kettle today", "on my way to the shop"),
    "bg": ("магазинът отворен ли е в неделя", "благодаря за новото приложение",
           "харесва ми синият", "някой знае ли цената", "поръчах чайник днес", "отивам в магазина"),
    "ru": ("магазин открыт в воскресенье", "спасибо за новое приложение", "мне нравится синий",
           "кто знает цену", "заказал сегодня чайник", "иду в магазин"),
    "id": ("apakah toko buka hari minggu", "terima kasih untuk aplikasi baru",
           "saya suka yang biru", "ada yang tahu harganya", "hari ini pesan teko", "mau ke toko"),
    "lt": ("ar parduotuvė dirba sekmadienį", "ačiū už naują programėlę", "man patinka mėlynas",
           "gal kas žino kainą", "šiandien užsakiau virdulį", "einu į parduotuvę"),
}  # fmt: skip
