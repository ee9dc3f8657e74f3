"""The voices of espeak-ng (GPL-3, from the optional package ``espeakng-loader``): a formant synthesizer."""

import math

from pase.corpus.synthetic.speech import Voice, say
from pase.corpus.synthetic.voices.engine import Manner, Spoken
from pase.errors import MissingExtraError
from pase.extras import require

_ACCENTS = ("gmw/en-US", "gmw/en", "gmw/en-GB-x-rp", "gmw/en-GB-scotland", "gmw/en-029", "gmw/en-US-nyc")

# Those variants of espeak-ng 1.52 whose pauses and closures are silent: no echo, no robot, no whisper, no duplicate.
_VARIANTS = (
    "Alex", "Andrea", "Andy", "Annie", "AnxiousAndy", "Denis", "Diogo", "Gene", "Gene2", "Henrique", "Hugo", "Jacky",
    "Lee", "Mario", "Michael", "Mike", "Nguyen", "Reed", "Storm", "adam", "anika", "antonio", "aunty", "belinda",
    "benjamin", "boris", "caleb", "david", "ed", "edward", "edward2", "f1", "grandma", "grandpa", "gustave", "ian",
    "iven", "iven2", "iven3", "iven4", "john", "klatt", "klatt2", "klatt3", "klatt4", "klatt5", "klatt6", "linda", "m1",
    "m3", "m4", "m5", "m6", "m7", "m8", "marcelo", "max", "michel", "miguel", "mike2", "norbert", "pablo", "paul",
    "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "steph2", "steph3", "travis", "victor", "zac",
)  # fmt: skip

_USUAL_RATE = 160  # words per minute
_SLOWEST, _FASTEST = 80, 400
_OCTAVE = 50.0  # steps of espeak-ng's pitch


class EspeakEngine:
    """espeak-ng: accents of English, each by many variants of its voice, named ``gmw/en-US+m3``."""

    name = "espeak"
    voices = tuple(f"{accent}+{variant}" for variant in _VARIANTS for accent in _ACCENTS)

    def missing(self) -> str | None:
        """See `Engine.missing`."""
        try:
            require("espeakng_loader")
        except MissingExtraError as error:
            return str(error)
        return None

    def speak(self, text: str, manner: Manner) -> Spoken:
        """See `Engine.speak`."""
        accent, _, variant = manner.voice.partition("+")
        voice = Voice(
            accent=accent,
            variant=variant,
            rate=min(max(round(_USUAL_RATE * manner.tempo), _SLOWEST), _FASTEST),
            pitch=min(max(round(50 + _OCTAVE * math.log2(manner.pitch)), 0), 99),
            pitch_range=min(round(50 * manner.liveliness), 99),
        )
        waveform, sample_rate, phones = say(text, voice)
        return Spoken(waveform, sample_rate, phones)
