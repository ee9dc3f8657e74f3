"""The voices of flite (BSD-like licence), an external program: recorded people, by diphones and by statistics."""

import re
import tempfile
from pathlib import Path

from pase.corpus.synthetic.voices.engine import Manner, Spoken
from pase.corpus.synthetic.voices.program import missing_program, run, spoken
from pase.errors import PaseError

# Usual standard deviation of each voice's pitch, in Hz. "kal" is left out, being "kal16" at 8 kHz; "awb_time" tells the
# time only.
_PITCH_DEVIATION = {"kal16": 11.0, "awb": 20.0, "rms": 20.0, "slt": 17.0}

_PHONE = re.compile(r"(\S+):(\d+\.\d+)(?:\s|$)")


class FliteEngine:
    """flite 2; the voice "rms" has a fixed pitch."""

    name = "flite"
    voices = tuple(_PITCH_DEVIATION)

    def missing(self) -> str | None:
        """See `Engine.missing`."""
        return missing_program("flite", "flite")

    def speak(self, text: str, manner: Manner) -> Spoken:
        """See `Engine.speak`."""
        settings = {
            "duration_stretch": 1 / manner.tempo,
            "f0_shift": manner.pitch,
            "int_f0_target_stddev": _PITCH_DEVIATION[manner.voice] * manner.liveliness,
        }
        options = [part for name, value in settings.items() for part in ("--setf", f"{name}={value:.4f}")]
        with tempfile.TemporaryDirectory(prefix="pase-flite-") as folder:
            sound = Path(folder) / "said.wav"
            printed = run(["flite", "-voice", manner.voice, *options, "-psdur", "-t", text, "-o", str(sound)])
            ends = [(label, float(end)) for label, end in _PHONE.findall(printed)]
            if not ends or len(ends) != len(printed.split()):
                raise PaseError(f"flite printed something else than phones with their ends: {printed[:200]!r}")
            return spoken(self.name, sound, ends)
