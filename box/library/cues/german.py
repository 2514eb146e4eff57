"""Cues of German. The rule: as in `box.library.cues`."""

from __future__ import annotations

from typing import Final

from box.library.cues.cue import Cues, endings, words

CUES: Final = Cues(
    language="de",
    stop=words(
        "der die das und ist nicht ein eine einen einem einer des dem den von zu mit sich auf für im es auch als an"
        " werden wird aus sie er hat dass daß bei nach wie oder aber vor wurde wurden sind noch über um zum zur"
    ),
    numbers=words(
        "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn zwanzig dreißig vierzig fünfzig sechzig"
        " siebzig achtzig neunzig hundert hunderte tausend tausende million millionen milliarde milliarden billionen"
        " dutzend prozent halb hälfte doppelt drittel viertel mehrheit euro mark dollar rund etwa knapp"
    ),
    dates=words(
        "januar, jänner, februar, märz, april, mai, juni, juli, august, september, oktober, november, dezember,"
        " jahr, jahre, jahren, jahres, monat, monate, monaten, wochen, jahrhundert, jahrzehnt, gestern, vorgestern,"
        " seit, letztes jahr, vergangenen jahr, im jahr, montag, dienstag, mittwoch, donnerstag, freitag, samstag,"
        " sonntag"
    ),
    finite=words(
        "ist sind war waren bin bist seid wird werden wurde wurden hat haben hatte hatten habe kann können konnte"
        " konnten muss müssen musste mussten soll sollen sollte will wollen wollte darf dürfen durfte mag gibt gab"
        " ging gingen kam kamen nahm nahmen fand fanden stand standen lag lagen liegt liegen steht stehen fiel fielen"
        " stieg stiegen sank sanken starb starben schrieb schrieben sprach blieb blieben bleibt hieß heißt ließ zog"
        " trat begann begannen gewann verlor verloren führte führt zeigt zeigen gehört geht kommt macht machen nimmt"
        " findet finden lebt leben sagt sagen gilt gelten beträgt betrug bestand besteht erhielt erhält wuchs wächst"
        " steigt sinkt fällt bringt brachte dachte wusste weiß kennt trug trägt schuf verbindet umfasst entstand"
        " misst wiegt verursacht verursachen dauert dauern kostet kosten fließt fließen mündet senkt erhöht reicht"
        " reichen bildet bilden besitzt besitzen zählt zählen arbeitet arbeiten kocht siedet schmilzt nutzt nutzen"
        " verbraucht hängt produziert produzieren exportiert exportieren wohnen wohnt"
    ),
    finite_endings=endings("te ten tet"),
    past_endings=endings("te ten"),
    comparing=words(
        "mehr als, weniger als, größer als, kleiner als, länger als, kürzer als, schwerer als, teurer als, billiger"
        " als, jünger als, höher als, niedriger als, besser als, schlechter als, älter als, schneller als, so viel"
        " wie, so viele wie, doppelt so, am meisten, am wenigsten, die meisten, der größte, die größte, das größte,"
        " der höchste, die höchste, der erste, die erste, das erste, im vergleich, mehr, weniger, größten, größte,"
        " größter, höchste, höchsten, kleinste, kleinsten, älteste, ältesten, niedrigste, einzige, einziger, meisten,"
        " erstmals, durchschnittlich, durchschnitt, jeder, jede, alle, nie, niemals, nur, höher, größer"
    ),
    causing=words(
        "verursacht, verursachte, verursachten, verursachen, führt zu, führte zu, führten zu, führte, führten, weil,"
        " wegen, aufgrund, deshalb, daher, infolge, durch, bewirkt, bewirkte, löste, ausgelöst, verhindert,"
        " verhinderte, ermöglicht, ermöglichte, zwang, gezwungen, dadurch, folge, dank"
    ),
    saying=words(
        "sagte, sagt, sagten, erklärte, teilte, berichtete, berichtet, meldete, laut, zufolge, nach angaben,"
        " behauptet, behauptete, bestätigte, bestätigt, warnte, kündigte, schätzt, schätzte, schätzen, studie,"
        " umfrage, statistik, bericht, bundesamt, ergab, ergaben, veröffentlichte, veröffentlicht, betonte,"
        " kritisierte, forderte, untersuchung"
    ),
    recorded=words(
        "stieg, stiegen, gestiegen, sank, sanken, gesunken, fiel, fielen, gefallen, wuchs, gewachsen, erhöhte,"
        " erhöht, gesenkt, senkte, verdoppelt, verdoppelte, halbiert, stimmte, stimmten, gestimmt, unterzeichnete,"
        " beschloss, beschlossen, verabschiedet, gewählt, gewann, gewonnen, verlor, verloren, gegründet, gründete,"
        " gebaut, erbaut, errichtet, eröffnet, geschlossen, geboren, gestorben, starb, getötet, verhaftet,"
        " verurteilt, entdeckt, entdeckte, erfunden, erfand, verkauft, verkaufte, gekauft, kaufte, ausgegeben,"
        " investiert, zahlte, gezahlt, verboten, verbot, abgelehnt, lehnte, begann, begonnen, endete, beendet,"
        " umfasst, beträgt, betrug, liegt bei, lag bei, lebten, produziert, eingeführt, arbeitslosigkeit, inflation,"
        " einwohner, bevölkerung, haushalt, steuern, gesetz, kosten, gekostet, preise, umsatz, gewinn, wurde, wurden,"
        " worden, besitzt, gehört zu"
    ),
    opinions=words(
        "ich glaube, ich denke, ich finde, ich meine, ich hoffe, ich fürchte, meiner meinung, meines erachtens, aus"
        " meiner sicht, wir glauben, wir meinen, vielleicht, wahrscheinlich, vermutlich, wohl, hoffentlich, leider,"
        " schön, wunderbar, schrecklich, großartig, eigentlich, ehrlich gesagt, wichtig, scheint, richtig, falsch,"
        " gut, toll, schade, sicherlich, gefällt mir, ich mag, ich liebe"
    ),
    wishes=words(
        "ich will, wir wollen, ich möchte, wir möchten, möchte, sollte, sollten, soll, sollen, müssen wir, wir"
        " müssen, muss, müsste, wünsche, wünschen, würde, würden, könnte, könnten, lasst uns, lassen sie, wir werden,"
        " ich werde, wird sein, dürfte, hoffen, müssen, bitte"
    ),
    talk=words(
        "danke, vielen dank, willkommen, guten tag, guten abend, guten morgen, hallo, entschuldigung, bitte, sehr"
        " geehrte, sehr geehrter, liebe, lieber, mit freundlichen grüßen, beifall, ja, nein, also, na, frage, fragen"
    ),
    first=words("ich mich mir mein meine meinen meinem du dich dir dein deine ihr euch wir uns"),
    others=words("er sie ihn ihm seine seiner seinem seinen ihre ihrer ihren ihrem"),
    boilerplate=words(
        "alle rechte vorbehalten, copyright, cookies, datenschutzerklärung, impressum, newsletter, hier klicken,"
        " weiterlesen, mehr lesen, lesen sie auch, abonnieren, isbn, inhaltsverzeichnis, folgen sie uns,"
        " nutzungsbedingungen, agb, seite drucken, zuletzt geändert, zuletzt bearbeitet, diese seite wurde"
    ),
    capital_nouns=True,
)
