"""Claims by rules: what is one, what is none, where it stands in the note, in many scripts."""

# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import claiming as bench
from box.library.chunking import chunks_of
from box.library.claiming import claims_of, judge
from box.library.cues import ALL, by_language
from box.library.cues.tongue import language_of

CLAIMS = {
    "en": (
        "The Nile is longer than the Amazon, according to a survey of 2009.",
        "The company was founded in 1976 by Steve Jobs and Steve Wozniak.",
        "Unemployment fell to 4.1 percent last year.",
    ),
    "de": (
        "Die Stadt Berlin hat rund 3,7 Millionen Einwohner.",
        "Die Arbeitslosigkeit sank laut Statistischem Bundesamt um 2,3 Prozent.",
        "Das Unternehmen wurde 1847 von Werner von Siemens gegründet.",
    ),
    "fr": (
        "La population de Lyon a augmenté de 12 % depuis 1999.",
        "Selon l'Insee, le chômage a baissé en mars.",
        "La tour Eiffel mesure 330 mètres.",
    ),
    "es": (
        "La población de Madrid creció un 5 % en 2019.",
        "Según el informe, el desempleo cayó en marzo.",
        "Cervantes nació en Alcalá de Henares en 1547.",
    ),
    "ru": (
        "Население Москвы составляет 13 миллионов человек.",
        "По данным Росстата, инфляция в мае снизилась до 2,4 процента.",
        "Гагарин полетел в космос 12 апреля 1961 года.",
    ),
}
NO_CLAIMS = {
    "en": (
        "How many people live in Berlin in 2024?", "I think that this is a lovely river.", "Thank you very much.",
        "We should build 3 new schools.", "Containers: 1 Green.", "June 19 - Charlotte, 2019.",
        "All rights reserved 2019 by the publisher of it.", "THE 1976 REPORT WAS WRITTEN IN PARIS.",
    ),
    "de": (
        "Wie viele Menschen leben 2024 in Berlin?", "Ich glaube, das ist sehr schön.", "Guten Morgen, liebe Zuhörer.",
        "Wir sollten mehr Schulen bauen.", "Äpfel, Birnen und 3 Bananen.", "Copyright 2019, alle Rechte vorbehalten.",
    ),
    "fr": (
        "Combien de personnes vivent à Lyon en 2024 ?", "Je pense que c'est une belle ville.", "Bonjour à tous.",
        "Il faudrait plus de parcs.", "Pommes, poires et 3 bananes.", "Tous droits réservés, Paris 2019.",
    ),
    "es": (
        "¿Cuántas personas viven en Madrid en 2024?", "Creo que es una ciudad hermosa.", "Buenos días a todos.",
        "Deberíamos construir más parques.", "Manzanas, peras y 3 plátanos.", "Todos los derechos reservados 2019.",
    ),
    "ru": (
        "Сколько людей живёт в Москве в 2024 году?", "Я думаю, что это прекрасный город.", "Спасибо за внимание.",
        "Нужно построить больше школ.", "Яблоки, груши и 3 банана.", "Все права защищены, Москва, 2019.",
    ),
}  # fmt: skip
SCRIPTS = {
    **{language: " ".join((*CLAIMS[language], *NO_CLAIMS[language])) + " " for language in CLAIMS},
    "greek": "Η Αθήνα έχει 664.046 κατοίκους. Ποιος το ξέρει; Το 1896 έγιναν εκεί οι αγώνες! ",
    "arabic": "يبلغ عدد سكان القاهرة 10 ملايين نسمة. من يعرف ذلك؟ ",
    "hebrew": "בתל אביב גרים 460,613 תושבים. מי יודע? ",
    "hindi": "दिल्ली की आबादी 1.9 करोड़ है। कौन जानता है? ",
    "chinese": "北京有2100万人口。谁知道呢？长城长达21196公里。",
    "japanese": "東京の人口は1400万人です。誰が知っている？",
    "thai": "กรุงเทพมหานครมีประชากร 5.5 ล้านคนในปี 2563 ครับ ไม่มีใครรู้ ",
    "korean": "서울의 인구는 940만 명이다. 누가 알까? ",
    "emoji": "🦉🦉 In 2019 the owls of Rome had 14 chicks. 👩‍👩‍👧 e\u0301t\u00e9. ",
}
PIECES = st.one_of(
    st.sampled_from(sorted(SCRIPTS.values())),
    st.sampled_from(
        [
            "\n", "\n\n", "\r\n", "# 12 years of Rome\n", "```\nx = 1999 + 3. It is 4.\n```\n", "| 3 | 4 |\n", "\n- ",
            "\n3. ", "\n> ", "\n<!-- page 7 -->\n", "\n[00:01:23.450] ", " ", "\u0301", "\u2028", "\ufeff", "x" * 1500,
        ]
    ),
    st.text(max_size=30),
)  # fmt: skip
NOTES = st.lists(PIECES, max_size=25).map("".join)


@pytest.mark.parametrize("language", CLAIMS)
def test_what_states_something_is_told_from_what_asks_wishes_greets_or_lists(language: str):
    cues = by_language(language)
    assert {sentence: judge(sentence, cues).score >= 0.5 for sentence in CLAIMS[language]} == dict.fromkeys(
        CLAIMS[language], True
    )
    assert {sentence: judge(sentence, cues).score < 0.5 for sentence in NO_CLAIMS[language]} == dict.fromkeys(
        NO_CLAIMS[language], True
    )


@pytest.mark.parametrize("language", CLAIMS)
def test_the_language_of_a_text_is_known_by_its_words(language: str):
    assert language_of(SCRIPTS[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "La popolazione di Roma è di 2,8 milioni di abitanti e non è la più grande del mondo.",
        "A população de Lisboa é de 545 mil pessoas e não é a maior do mundo para os que vivem na cidade.",
        "De bevolking van Amsterdam is niet de grootste van het land, maar er wordt veel gebouwd in de stad.",
        "Населення Києва становить три мільйони людей, і це багато.",
        "Населението на София е над един милион души и това не е малко.",
        SCRIPTS["greek"],
        SCRIPTS["chinese"],
    ],
)
def test_a_language_without_cues_is_taken_for_none_that_has_some(text: str):
    assert by_language(language_of(text)) is None


def test_reasons_say_what_speaks_for_a_sentence():
    (claim,) = claims_of(
        "According to Reuters, smoking caused 480,000 deaths in 2014, more than ever before.",
        score_min=0.5, count_max=5,
    )  # fmt: skip
    assert set(claim.reasons) >= {"number", "date", "cause", "comparison", "attribution"}
    assert claim.score == 1.0


def test_without_cues_a_number_is_all_that_speaks_for_a_sentence():
    text = SCRIPTS["chinese"]
    assert [text[c.start : c.end] for c in claims_of(text, score_min=0.5, count_max=5)] == [
        "北京有2100万人口。",
        "长城长达21196公里。",
    ]


def test_headings_tables_code_and_front_matter_hold_no_claims():
    note = (
        "# In 1976 the company was founded in Paris.\n\n| The company was founded in 1976 in Paris. |\n\n"
        "```\nThe company was founded in 1976 in Paris.\n```\n\n- The company was founded in 1976 in Rome.\n"
        "<!-- The company was founded in 1976 in Paris. -->\n"
    )
    assert [note[c.start : c.end] for c in claims_of(note, score_min=0.5, count_max=9)] == [
        "The company was founded in 1976 in Rome."
    ]


NO_PROSE = (
    "4 CARD32 ALIAS_OFFSET 4 CARD32 MIME_TYPE_OFFSET ParentList:",
    "Database 00000020 00 05 64 69 66 66 09 0a 3e 30 3d 00 04 is there.",
    "12 Description of the 3 programs .................................................. 16",
    "22 4.5 Auxilliary functions .",
    "tweets = (Tweet.select().where((Tweet.created >= today) & (Tweet.is_published == True)).count()) was 3.",
    "pip install peewee[mysql] # Install peewee with pymysql. pip install peewee[psycopg3] # Install 3 more.",
    ">>> add.schedule((2, 3), delay=10) # Will be run in 10 seconds, as was said in 2019.",
    "$ box jobs asked for 12 completed photos in 2026 and was done with them in 3 seconds.",
    ".. image:: https://example.org/2019/blog-4-logo.png",
    "https://example.org/tess4/training-4.00-of-2019",
    '<img alt="The logo was made in Berlin" src="https://example.org/12/logo.png" width="60%"/>',
    "(#2673, #12)",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_PROSE)
@pytest.mark.parametrize("language", ["", "en"])
def test_code_dumps_addresses_and_tables_of_contents_hold_no_claims(text: str, language: str):
    assert judge(text, by_language(language)).score < 0.5


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "JavaScript was created in 1995 by Brendan Eich."),
        ("en", "The first Bible was printed in Mainz in 1455."),
        ("en", "The survey was published by Nature in May 2019."),
        ("de", "Die Anzeige kostete das Unternehmen 3 Millionen Euro."),
        ("de", "Den Datenschutz regelt seit 2018 eine Verordnung, die 99 Artikel hatte."),
        ("es", "El índice de precios subió un 5 % en 2019."),
        ("es", "La publicidad costó 3 millones de euros en 2019."),
        ("fr", "La publicité a coûté 3 millions d'euros en 2019."),
        ("ru", "Содержание серебра снизилось в 1961 году на 12 процентов."),
        ("ru", "Реклама стоила 3 миллиона рублей в 2019 году."),
    ],
)
def test_words_that_pages_use_about_themselves_do_not_hide_what_is_said_about_others(language: str, text: str):
    assert judge(text, by_language(language)).score >= 0.5


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This page was last edited on 12 May 2020, at 10:14 (UTC)."),
        ("en", "Posted by Anna on March 3, 2020 at 10:15 am"),
        ("de", "Diese Seite wurde zuletzt am 12. Mai 2020 um 10:14 Uhr bearbeitet."),
        ("de", "Lesen Sie auch: Wie Berlin 1991 Hauptstadt wurde."),
        ("es", "Esta página se editó por última vez el 12 may 2020 a las 10:14."),
        ("fr", "La dernière modification de cette page a été faite le 12 mai 2020 à 10:14."),
        ("ru", "Эта страница в последний раз была отредактирована 12 мая 2020 в 10:14."),
    ],
)
def test_what_a_page_says_about_itself_is_no_claim(language: str, text: str):
    assert judge(text, by_language(language)).score == 0.0


@pytest.mark.parametrize(
    ("language", "text", "is_claim"),
    [
        ("fr", "Il renoua avec le succès vers la fin de la guerre, avant de mourir en 1925.", True),
        ("es", "El 19 de mayo de 2000 debuta en Primera División con el primer equipo del Barça.", True),
        ("fr", "2 pommes, 3 poires, 200 g de beurre, 4 œufs, 12 cl de lait, 1 pincée de sel.", False),
        ("es", "Pérez, J., Historia de Madrid, Alianza, Madrid, 2004, 312 p., 2.ª ed., con 12 mapas.", False),
        ("en", "Smith, J., Rivers of Europe, 3rd ed., Oxford, Clarendon Press, 1999, 312 pages, 24 maps.", False),
    ],
)
def test_a_verb_that_nobody_listed_is_known_by_the_words_around_it(language: str, text: str, *, is_claim: bool):
    assert (judge(text, by_language(language)).score >= 0.5) == is_claim


def test_an_address_in_a_sentence_neither_helps_nor_harms_it():
    link = "It was said [by someone](https://example.org/2019/12/3-of-4) that rivers are long."
    assert judge(link, by_language("en")) == judge("It was said [by someone] that rivers are long.", by_language("en"))
    told = "The [Tower Bridge](https://example.org/a_b=c) was opened in 1894, see <https://example.org/?q=1&r=2>."
    assert judge(told, by_language("en")).score >= 0.5


def test_names_are_known_where_every_noun_has_a_capital_letter():
    cues = by_language("de")
    assert "named" in judge("Der Präsident hat sich gestern mit Alija Izetbegovic unterhalten.", cues).reasons
    for text in ("mit Äpfeln, Birnen und Brot versorgt.", "nachdem Sie Äpfel und Ihre Birnen hatten, versorgt."):
        assert "named" not in judge(f"Der Präsident hat sich gestern {text}", cues).reasons


def test_of_many_claims_in_a_chunk_the_best_stay_in_their_order():
    text = " ".join(f"In {year} the firm sold {year} cars." for year in range(1990, 2000))
    text += " According to the bank, prices rose by 12 percent in 2019, more than in Spain or Italy."
    found = claims_of(text, score_min=0.5, count_max=3)
    assert len(found) == 3
    assert [c.start for c in found] == sorted(c.start for c in found)
    assert text[found[-1].start :].startswith("According to the bank")


def test_what_a_chunk_repeats_of_the_one_before_is_not_told_twice():
    text = "Rome had 12 bridges in 1900. Paris had 30 bridges in 1900."
    begun = text.index("Paris")
    assert [text[c.start : c.end] for c in claims_of(text, score_min=0.5, count_max=9, begun=begun)] == [text[begun:]]


@settings(deadline=None, max_examples=80)
@given(NOTES)
def test_every_claim_is_a_sentence_that_stands_in_the_note_where_it_says(note: str):
    for chunk in chunks_of(note):
        found = claims_of(chunk.text, score_min=0.0, count_max=1000)
        for claim in found:
            sentence = note[chunk.start + claim.start : chunk.start + claim.end]
            assert sentence == chunk.text[claim.start : claim.end]
            assert sentence == sentence.strip()
            assert sentence
            assert 0.0 <= claim.score <= 1.0
        assert all(before.end <= after.start for before, after in pairwise(found))


@settings(deadline=None)
@given(st.sampled_from(sorted(SCRIPTS)), st.integers(0, 3))
def test_claims_are_whole_sentences_of_a_text(script: str, before: int):
    text = "\n\n" * before + SCRIPTS[script]
    for claim in claims_of(text, score_min=0.5, count_max=100):
        assert re.search(r"[.!?…。！？।؟]\Z|ครับ\Z", text[claim.start : claim.end])


@pytest.mark.parametrize("text", ["1" * 100_000, "a-" * 50_000, "\"'" * 50_000, "than " * 200_000, "| " * 100_000])
def test_hostile_text_takes_no_longer_than_other_text(text: str):
    assert claims_of(text, score_min=0.0, count_max=10) == []


def test_a_cue_has_at_most_four_words_in_small_letters():
    for cues in ALL:
        kinds, longest = cues.table
        assert max(longest.values()) <= 4
        for cue in kinds:
            assert cue == " ".join(cue.lower().split())


def test_the_bench_of_claims_counts_right(tmp_path: Path):
    sentences = [(sentence, 1) for sentence in CLAIMS["en"]] + [(sentence, 0) for sentence in NO_CLAIMS["en"]]
    sentences.append(("In 1999 the firm sold 12 cars.", 0))
    for labelled in (bench.TRAIN, bench.TEST):
        (tmp_path / labelled.file).write_text(json.dumps([{"text": text, "label": label} for text, label in sentences]))
    spanish, german = bench.OTHERS
    (tmp_path / german.file).write_text(
        "comment_id,comment_text,Sub3_FactClaiming\n"
        '1,"Hallo! Berlin hat 3,7 Millionen Einwohner.",1\n2,"Na ja, gut",0\n'
    )
    told = bench.by_rules(str(tmp_path))
    rows = {row[0]: row[1:-1] for row in told.rows}
    assert rows["English, test"] == (len(sentences), 3, 0.5, 0.75, 1.0, 6 / 7, 6 / 15)
    assert rows["German"] == (2, 1, 0.5, 1.0, 1.0, 1.0, 2 / 3)
    assert [spanish.file in note for note in told.notes] == [True, False, False]
    (tmp_path / spanish.file).write_text(
        'tweet_id\ttweet_url\ttweet_text\tclass_label\n1\tNA\tEn 2019 murieron "12 personas en Madrid.\tYes\n'
        "2\tNA\tCreo que es hermoso.\tNo\n3\thttps://example.org/3\tEn 2019 nacieron 12 personas.\tNo\n"
    )
    rows = {row[0]: row[1:-1] for row in bench.by_rules(str(tmp_path)).rows}
    assert rows["Spanish"][:6] == (2, 1, 0.5, 1.0, 1.0, 1.0)
