"""Cues of Spanish. The rule: as in `box.library.cues`."""

from __future__ import annotations

from typing import Final

from box.library.cues.cue import Cues, endings, words

CUES: Final = Cues(
    language="es",
    stop=words(
        "el la los las de del y un una es que en por para no con su sus se al lo como más pero fue son está este"
        " esta entre cuando muy sin sobre ser también me hasta hay donde quien desde todo nos durante"
    ),
    numbers=words(
        "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte treinta cuarenta"
        " cincuenta sesenta setenta ochenta noventa cien ciento cientos mil miles millón millones billón billones"
        " mitad tercio cuarto doble docena docenas decenas mayoría euros pesos dólares porcentaje unos"
    ),
    dates=words(
        "enero, febrero, marzo, abril, mayo, junio, julio, agosto, septiembre, octubre, noviembre, diciembre, año,"
        " años, mes, meses, semanas, siglo, década, décadas, ayer, desde, pasado, pasada, lunes, martes, miércoles,"
        " jueves, viernes, sábado, domingo"
    ),
    finite=words(
        "es son era eran fue fueron será serán sería ha han había habían hubo hay he hemos está están estaba estaban"
        " estuvo puede pueden podía debe deben debía va van iba hace hacen hizo hacía dice dicen dijo dijeron viene"
        " vino tiene tienen tenía tuvo da dio sabe quiere quieren queda quedó vive viven murió nació nace representa"
        " cuenta cuentan alcanza alcanzó produce producen contiene pertenece existe existen muestra muestran permite"
        " permiten aumenta baja cuesta cuestan constituye afirma indica anuncia posee mide miden causa causan provoca"
        " provocan pesa pesan reduce reducen dura duran cruza cubre cubren emplea emplean depende dependen consume"
        " consumen hierve empieza empiezan habla hablan trabaja trabajan nacen mueren crece crecen"
    ),
    finite_endings=endings("ó aron ieron aba aban ía ían ará arán erá irá"),
    past_endings=endings("ó aron ieron aba aban ado ido"),
    comparing=words(
        "más de, menos de, más que, menos que, tanto como, tan como, mayor que, menor que, mejor que, peor que, el"
        " más, la más, los más, las más, el mayor, la mayor, superior a, inferior a, en comparación, respecto a,"
        " mejor, peor, mayor, menor, primer, primera, primero, único, única, récord, promedio, media, todos, todas,"
        " nunca, cada, más grande, más alto, más alta, mayoría"
    ),
    causing=words(
        "causa, causó, causaron, causado, provoca, provocó, provocaron, provocado, debido a, a causa de, porque,"
        " gracias a, por lo tanto, lleva a, llevó a, condujo a, resultó en, impide, impidió, permitió, obligó,"
        " generó, originó"
    ),
    saying=words(
        "según, dijo, dijeron, afirmó, afirma, anunció, declaró, indicó, informó, señaló, estima, estimó, publicó,"
        " estudio, encuesta, informe, estadísticas, confirmó, advirtió, sostiene, aseguró, reveló, datos"
    ),
    recorded=words(
        "aumentó, aumentaron, aumentado, subió, subieron, bajó, bajaron, cayó, cayeron, creció, crecieron,"
        " disminuyó, duplicó, votó, votaron, firmó, firmado, aprobó, aprobada, aprobado, rechazó, eligió, elegido,"
        " nombró, fundó, fundada, fundado, creó, creado, creada, construyó, construido, construida, abrió, cerró,"
        " nació, murió, murieron, mató, detenido, condenado, descubrió, descubierto, inventó, vendió, compró, gastó,"
        " invirtió, pagó, prohibió, empezó, comenzó, terminó, ganó, perdió, perdieron, alcanzó, cuenta con,"
        " población, habitantes, desempleo, inflación, presupuesto, impuestos, ley, costo, coste, precio, precios,"
        " déficit, deuda, fue, fueron, ha sido"
    ),
    opinions=words(
        "creo, creo que, pienso, opino, me parece, en mi opinión, a mi juicio, espero, creemos, quizás, quizá, tal"
        " vez, probablemente, parece, hermoso, maravilloso, terrible, importante, francamente, por desgracia, ojalá,"
        " me gusta, bueno, malo, buena, mala, bonito"
    ),
    wishes=words(
        "quiero, queremos, quisiera, me gustaría, deseo, hay que, debería, deberían, debemos, debe ser, podría,"
        " podrían, sería, vamos, va a, van a, ojalá, esperamos, tenemos que, tiene que, deben, debe"
    ),
    talk=words(
        "gracias, bienvenidos, hola, buenos días, buenas tardes, buenas noches, perdón, por favor, señor, señora,"
        " señores, aplausos, sí, bueno, saludos, estimado, estimada, pregunta, mire"
    ),
    first=words("yo me mi mis mí tú te tu tus ti usted ustedes nosotros nos nuestro nuestra"),
    others=words("él ella ellos ellas su sus le les"),
    boilerplate=words(
        "todos los derechos reservados, copyright, cookies, política de privacidad, aviso legal, haga clic, leer más,"
        " iniciar sesión, suscríbete, suscríbase, isbn, síguenos, términos de uso, esta página se editó, última"
        " modificación, última actualización"
    ),
)
