"""Cues of English. The rule: as in `box.library.cues`."""

from __future__ import annotations

from typing import Final

from box.library.cues.cue import Cues, endings, words

CUES: Final = Cues(
    language="en",
    stop=words(
        "the of and to in is that it was for on are with as be this have from by not but they which his their were"
        " an has had been who at or will would there what can all one we you"
    ),
    numbers=words(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
        " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands"
        " million millions billion billions trillion trillions dozen dozens half percent percentage twice double"
        " third quarter fifth tenth majority cents dollars"
    ),
    dates=words(
        "january, february, march, april, june, july, august, september, october, november, december, last year,"
        " last month, last week, this year, years ago, months ago, yesterday, century, decade, decades, years,"
        " months, weeks, in the past, since then, at that time, monday, tuesday, wednesday, thursday, friday,"
        " saturday, sunday"
    ),
    finite=words(
        "is are was were be been am 's 're 've 'm has have had do does did can could will would shall should may"
        " might must ain't isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't can't couldn't"
        " won't wouldn't he's she's it's that's there's they're we're we've they've i've i'm you're who's what's"
        " here's said made took got went came gave found left put cut set let ran knew began kept held brought wrote"
        " stood heard met sent built spent grew lost paid won led fell rose saw told became spoke broke chose drew"
        " drove flew forgot fought threw sold bought caught taught felt thought meant dealt swore shot hit hurt cost"
        " shut split say says make makes take takes get gets go goes come comes give gives find finds keep keeps hold"
        " holds know knows think thinks want wants need needs believe believes mean means show shows work works pay"
        " pays live lives support supports provide provides receive include includes contain contains remain remains"
        " lead leads grow grows rise rises fall falls use uses produce produces own owns earn earns cause causes"
        " become becomes begin begins bring brings change changes consist consists create creates cross crosses cover"
        " covers costs describe describes die dies differ differs divide divides eat eats employ employs end ends"
        " exist exists export exports feed feeds flow flows follow follows form forms freeze freezes happen happens"
        " import imports improve improves increase increases join joins kill kills lie lies lose loses measure"
        " measures melt melts move moves occur occurs offer offers open opens operate operates orbit orbits predict"
        " predicts prevent prevents protect protects prove proves reach reaches reduce reduces release releases"
        " require requires run runs sell sells send sends serve serves sit sits sleep sleeps spend spends spread"
        " spreads stand stands start starts stay stays stop stops suggest suggests teach teaches tell tells travel"
        " travels treat treats turn turns weigh weighs win wins write writes boil boils absorb absorbs reflect"
        " reflects consume consumes belong belongs depend depends affect affects attract attracts speak speaks"
    ),
    finite_endings=endings("ed"),
    past_endings=endings("ed"),
    comparing=words(
        "than, more than, less than, fewer than, the highest, the lowest, the largest, the biggest, the smallest,"
        " the greatest, the worst, the best, the fastest, the oldest, the only, the first, the second, as many as, as"
        " much as, as large as, as high as, twice as, compared to, compared with, than ever, than any, fewer, less,"
        " highest, lowest, largest, biggest, smallest, worst, oldest, youngest, least, higher, lower, larger,"
        " smaller, faster, average, on average, doubled, tripled, most of, record high, record low, more often, more"
        " likely"
    ),
    causing=words(
        "cause, causes, caused, leads to, led to, result in, results in, resulted in, because of, due to, as a"
        " result, thanks to, created, creates, prevents, prevented, triggers, triggered, destroyed, forced, enabled,"
        " killed, kills, made possible, brought about, contributes to, contributed to, reduces, increases, protects"
        " against"
    ),
    saying=words(
        "said, says, told, stated, reported, reports, announced, claimed, claims, testified, admitted, denied,"
        " warned, according to, estimated, estimates, concluded, found that, confirmed, indicated, suggested,"
        " published, promised, called, wrote, argued, survey, study, poll, statistics, data, report, commission,"
        " wants to, bureau, census, evidence"
    ),
    recorded=words(
        "voted, vote, signed, vetoed, passed, opposed, supported, proposed, introduced, spent, raised, cut, cuts,"
        " reduced, increased, increase, increases, decreased, rose, fell, grew, grown, dropped, declined, lost,"
        " gained, won, elected, appointed, founded, built, sold, bought, sent, invaded, attacked, died, born,"
        " married, discovered, invented, repealed, banned, approved, rejected, refused, eliminated, doubled,"
        " inherited, paid, pays, balanced, added, deployed, received, earned, hired, fired, sponsored, adopted,"
        " failed, ended, began, started, moved, gave, took, put, went up, gone up, went down, gone down, has been,"
        " have been, had been, was born, took place, killed, arrested, convicted, used, produced, expanded, provided,"
        " joined, closed, opened, deficit, budget, tax, taxes, unemployment, inflation, income, debt, surplus,"
        " troops, jobs, rate, rates, population, law, bill, act, treaty, exports, imports, trade, economy, cost,"
        " costs, costing, spending"
    ),
    opinions=words(
        "i think, i believe, i feel, i guess, i suppose, i hope, i doubt, i would say, i'd say, in my opinion, in my"
        " view, in my judgment, my view, we believe, we think, it seems, seems to me, i'm proud, i am proud, i'm"
        " convinced, i happen to, i'm sure, i am sure, perhaps, maybe, probably, beautiful, wonderful, terrible,"
        " great, horrible, honestly, frankly, important, proud, right thing, wrong, the question is, essential, i"
        " don't think, i love, i like, i respect, i agree, i disagree, i understand, good, bad, tough, strong, ought,"
        " values"
    ),
    wishes=words(
        "i want, we want, i'd like, i would like, i wish, should, ought to, must, need to, needs to, have to, has"
        " to, let's, let us, let me, we need, i will, i'll, we will, we'll, we're going to, i'm going to, going to,"
        " gonna, would, we can, we must, we should, i would, i'd, if we, if i, if you, will be, i can, i could, it"
        " will, they'll, he'll, will, shall, got to, gotta, hope, want you, could, may, might, can be, cannot, it's"
        " time, won't"
    ),
    talk=words(
        "thank, thanks, welcome, good evening, good morning, hello, sorry, please, excuse me, question, questions,"
        " mr president, senator, ladies, gentlemen, applause, laughter, follow up, rebuttal, seconds, you know, let"
        " me, i mean, look, sure, yes, well, ok, okay, dear, sincerely, regards, moderator, debate, answer, tonight,"
        " listen, remember"
    ),
    first=words("i i'm i've i'd i'll me my mine myself you you're your yours we'll let's"),
    others=words("he she they his her their them he's she's they're him it's its"),
    boilerplate=words(
        "all rights reserved, copyright, cookie, cookies, privacy policy, terms of use, terms of service, subscribe,"
        " newsletter, click here, read more, sign in, sign up, log in, isbn, table of contents, page intentionally,"
        " share this, follow us, licensed under, unsubscribe, posted by, posted on, last modified, last edited, last"
        " updated, this ebook, project gutenberg ebook, enable javascript"
    ),
)
