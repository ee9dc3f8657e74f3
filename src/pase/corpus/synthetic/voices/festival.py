"""The voice "ked" of Festival (both free), an external program: a recorded American, by diphones."""

import tempfile
from pathlib import Path

from pase.corpus.synthetic.voices.engine import Manner, Spoken
from pase.corpus.synthetic.voices.program import missing_program, run, spoken
from pase.errors import PaseError

_PACKAGES = "festival festvox-kdlpc16k"

_SCRIPT = """
(voice_{voice})
(Parameter.set 'Duration_Stretch {stretch:.4f})
(set! int_lr_params
  '((target_f0_mean {pitch:.2f}) (target_f0_std {deviation:.2f}) (model_f0_mean 170) (model_f0_std 34)))
(set! said (utt.synth (Utterance Text {text})))
(utt.save.wave said {sound} 'riff)
(utt.save.segs said {phones})
"""

_USUAL_PITCH, _USUAL_DEVIATION = 120.0, 14.0  # Hz


class FestivalEngine:
    """Festival 2 with the voice of the package ``festvox-kdlpc16k``; Festival's other voices speak in flite too."""

    name = "festival"
    voices = ("ked_diphone",)

    def missing(self) -> str | None:
        """See `Engine.missing`."""
        lacking = missing_program("festival", _PACKAGES)
        if lacking is not None:
            return lacking
        try:
            printed = run(["festival", "--pipe"], "(print (voice.list))")
        except PaseError as error:
            return str(error)
        absent = [voice for voice in self.voices if voice not in printed]
        return (
            f"festival lacks the voice {absent[0]}; on Debian and Ubuntu: apt install {_PACKAGES}" if absent else None
        )

    def speak(self, text: str, manner: Manner) -> Spoken:
        """See `Engine.speak`."""
        with tempfile.TemporaryDirectory(prefix="pase-festival-") as name:
            folder = Path(name)
            sound, phones, script = folder / "said.wav", folder / "said.segs", folder / "say.scm"
            commands = _SCRIPT.format(
                voice=manner.voice,
                stretch=1 / manner.tempo,
                pitch=_USUAL_PITCH * manner.pitch,
                deviation=_USUAL_DEVIATION * manner.pitch * manner.liveliness,
                text=_quoted(text),
                sound=_quoted(str(sound)),
                phones=_quoted(str(phones)),
            )
            script.write_text(commands, encoding="utf-8")
            printed = run(["festival", "-b", str(script)])
            return spoken(self.name, sound, _read_ends(phones, printed))


def _quoted(text: str) -> str:
    """A string as Festival's Scheme reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read_ends(path: Path, printed: str) -> list[tuple[str, float]]:
    """Labels and ends out of a file with a header and lines ``END COLOUR LABEL``."""
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").partition("#\n")[2].splitlines()]
        return [(label, float(end)) for end, _, label in lines]
    except (OSError, ValueError) as error:
        raise PaseError(f"festival gave no phones: {error} {printed[:200]}") from error
