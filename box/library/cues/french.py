"""Cues of French. The rule: as in `box.library.cues`."""

from __future__ import annotations

from typing import Final

from box.library.cues.cue import Cues, endings, words

CUES: Final = Cues(
    language="fr",
    stop=words(
        "le la les de des du et un une est que qui dans pour pas sur au aux avec il elle ils ce cette ces son sa ses"
        " par plus ne se en sont ont été mais ou où leur nous vous comme d l qu n s c"
    ),
    numbers=words(
        "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante"
        " cinquante soixante cent cents mille millier milliers million millions milliard milliards pour-cent moitié"
        " tiers quart double dizaine dizaines centaine centaines majorité euros francs dollars environ pourcent"
    ),
    dates=words(
        "janvier, février, mars, avril, mai, juin, juillet, août, septembre, octobre, novembre, décembre, année,"
        " années, an, ans, mois, semaines, siècle, décennie, hier, depuis, dernier, dernière, l'an, lundi, mardi,"
        " mercredi, jeudi, vendredi, samedi, dimanche"
    ),
    finite=words(
        "est sont était étaient fut furent sera seront serait a ont avait avaient eut eurent aura auront ai as avons"
        " avez suis es sommes êtes peut peuvent pouvait pourrait doit doivent devait va vont allait fait font faisait"
        " fit dit disent vient viennent vint prend prit met mit voit vit sait savait veut veulent voulait reste"
        " restent compte comptent représente représentent atteint atteignent devient devint naît naquit meurt mourut"
        " tient produit produisent comprend contient appartient existe existent montre montrent permet permettent"
        " vivent augmente baisse coûte coûtent constitue affirme estime indique annonce possède abrite trouve situe"
        " mesure mesurent provoque provoquent cause causent pèse pèsent entraîne entraînent réduit réduisent dure"
        " durent coule traverse relie emploie emploient dépend dépendent consomme consomment bout couvre couvrent"
        " commence commencent passe passent parle parlent travaille travaillent"
    ),
    finite_endings=endings("ait aient èrent irent urent era eront"),
    past_endings=endings("ait aient èrent irent urent é ée és ées"),
    comparing=words(
        "plus de, moins de, plus que, moins que, autant que, aussi que, le plus, la plus, les plus, le moins, la"
        " moins, supérieur à, supérieure à, inférieur à, inférieure à, par rapport à, meilleur, meilleure, pire,"
        " premier, première, seul, seule, plus grand, plus grande, plus élevé, plus élevée, record, moyenne, tous,"
        " toutes, jamais, chaque, davantage, majorité"
    ),
    causing=words(
        "cause, causé, causée, provoque, provoqué, provoquée, entraîne, entraîné, entraînée, à cause de, en raison"
        " de, parce que, grâce à, donc, par conséquent, conduit à, mène à, empêche, empêché, permis, forcé, dû à, due"
        " à"
    ),
    saying=words(
        "selon, d'après, déclaré, affirmé, affirme, annoncé, annonce, indiqué, indique, rapporté, estime, estimé,"
        " publié, étude, enquête, sondage, rapport, statistiques, insee, confirmé, averti, soutient, souligné, dit,"
        " précisé"
    ),
    recorded=words(
        "augmenté, augmente, baissé, baisse, diminué, chuté, progressé, reculé, doublé, voté, signé, adopté, rejeté,"
        " élu, élue, nommé, nommée, fondé, fondée, créé, créée, construit, construite, ouvert, fermé, né, née, mort,"
        " morte, tué, tués, tuée, arrêté, condamné, découvert, inventé, vendu, acheté, dépensé, investi, payé,"
        " interdit, approuvé, refusé, commencé, terminé, gagné, perdu, remporté, compte, atteint, représente,"
        " produit, population, habitants, chômage, inflation, budget, impôts, loi, coût, prix, déficit, dette,"
        " recensé, situé, située, établi"
    ),
    opinions=words(
        "je pense, je crois, je trouve, à mon avis, selon moi, pour moi, j'espère, nous pensons, nous croyons,"
        " peut-être, sans doute, probablement, il me semble, semble, magnifique, merveilleux, terrible, important,"
        " formidable, heureusement, malheureusement, franchement, j'aime, bon, mauvais, beau, belle"
    ),
    wishes=words(
        "je veux, nous voulons, je voudrais, nous voudrions, je souhaite, faut, il faudrait, devrait, devraient,"
        " devons, doit être, pourrait, pourraient, serait, allons, va être, espérons, aimerais, aimerait, doit,"
        " doivent"
    ),
    talk=words(
        "merci, bienvenue, bonjour, bonsoir, salut, pardon, s'il vous plaît, monsieur, madame, mesdames, messieurs,"
        " applaudissements, oui, non, cordialement, cher, chère, question, écoutez, voilà, bon"
    ),
    first=words("je j me m moi mon ma mes tu te toi ton ta tes vous votre vos nous notre nos"),
    others=words("il elle ils elles lui leur leurs"),
    boilerplate=words(
        "tous droits réservés, copyright, cookies, politique de confidentialité, mentions légales, newsletter,"
        " cliquez ici, lire la suite, se connecter, abonnez-vous, isbn, table des matières, suivez-nous, conditions"
        " d'utilisation, dernière modification, dernière mise à jour"
    ),
)
