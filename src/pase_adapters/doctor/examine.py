"""All checks of one subject, in the order in which one depends on another."""

from dataclasses import dataclass, field
from pathlib import Path

from pase.errors import InputError
from pase_adapters.array_file import ArrayFile, read_array_file
from pase_adapters.doctor.finding import Finding, Report, Severity, worst_first
from pase_adapters.doctor.origin import Features, Note, check_driving, check_note, read_model_id, read_note
from pase_adapters.doctor.presence import check_presence
from pase_adapters.doctor.shape import check_shape
from pase_adapters.doctor.sound import Sound, read_sound
from pase_adapters.doctor.streaming import check_driving_length, check_lengths, check_stream
from pase_adapters.doctor.subject import Subject, check_needs, check_splits, read_subject
from pase_adapters.doctor.timing import Clock, check_rate, check_rows, check_sample_rate
from pase_adapters.doctor.values import check_values, scan_values, scannable
from pase_adapters.doctor.visit import Visit
from pase_adapters.doctor.weights import check_weights, read_audio_widths


def examine(visit: Visit) -> Report:
    """Look at everything that is there; nothing is changed.

    Raises:
        InputError: The PASE checkpoint is none, or a folder cannot be read.
    """
    examination = Examination(visit)
    try:
        examination.run()
    except OSError as error:
        raise InputError(f"{error.filename or visit.data_dir} cannot be read: {error.strerror or error}") from error
    checked, findings = tuple(examination.checked), worst_first(examination.findings)
    return Report(visit.spec.name, visit.slot.name, str(visit.data_dir), checked, findings)


@dataclass
class Examination:
    """What is known so far."""

    visit: Visit
    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Look at files first, then at how they agree."""
        visit = self.visit
        model_id = None if visit.checkpoint is None else read_model_id(visit.checkpoint)
        subject, sound = self._subject(), self._sound()
        self.findings += check_presence(visit)
        training = driving = None
        if visit.features.is_file():
            training = self._features(visit.features, model_id, visit.write_training("--force"))
        if visit.driving is not None:
            driving = self._features(visit.driving, model_id, visit.write_driving())
        self._clocks(subject, sound, training)
        self._driven(subject, training, driving)
        self._weights(training)

    def _subject(self) -> Subject | None:
        visit = self.visit
        needs = list(check_needs(visit.data_dir, visit.spec))
        self.findings += needs
        if visit.spec.needs and not needs:
            self.checked.append(f"files beside the features: {', '.join(need.file for need in visit.spec.needs)}")
        try:
            subject = read_subject(visit.data_dir, visit.spec)
        except InputError as error:
            self._refused("no-frames", error, visit.data_dir, "")
            return None
        self.checked.append(f"{visit.data_dir}: {subject.frames} video frames")
        self.findings += check_splits(subject, visit.spec, visit.slot.layout.min_rows)
        return subject

    def _sound(self) -> Sound | None:
        path = self.visit.sound
        if not path.is_file():
            found = "not there: rates of rows and frames were not compared with the sound"
            self.findings.append(Finding(Severity.INFO, "no-sound", found, str(path), "give it by --audio"))
            return None
        try:
            sound = read_sound(path)
        except InputError as error:
            self._refused("unreadable-sound", error, path, "extract it from the video again")
            return None
        self.checked.append(f"{path}: {sound.duration:.2f} s at {sound.sample_rate} Hz")
        self.findings += check_sample_rate(sound)
        self.findings += check_lengths(sound, self.visit.spec, self.visit.stream_context)
        return sound

    def _features(self, path: Path, model_id: str | None, remedy: str) -> Features | None:
        visit = self.visit
        try:
            file = read_array_file(path)
        except InputError as error:
            self._refused("unreadable", error, path, remedy)
            return None
        self.findings += check_shape(file, visit.spec, visit.slot, remedy)
        try:
            note = read_note(path)
        except InputError as error:
            self._refused("damaged-note", error, path, remedy)
            note = None
        else:
            self.findings += check_note(file, note, visit.spec, visit.slot, model_id, remedy)
        by = f"made by PASE {note.origin.model_id}" if note else "of unknown origin"
        self.checked.append(f"{path}: {file.text}, {by}{self._values(file, note, remedy)}")
        return Features(file, note)

    def _values(self, file: ArrayFile, note: Note | None, remedy: str) -> str:
        if not scannable(file):
            return ""
        try:
            values = scan_values(file)
        except (InputError, OSError) as error:
            self._refused("unreadable", error, file.path, remedy)
            return ""
        self.findings += check_values(file, values, gated=bool(note and note.origin.gated), remedy=remedy)
        return f", values up to {values.largest:.3g}"

    def _clocks(self, subject: Subject | None, sound: Sound | None, training: Features | None) -> None:
        visit, found = self.visit, self.findings
        rate = visit.slot.layout.rows_per_second
        if training is not None and training.note is not None:
            rate = training.note.origin.rows_per_second
        rows = None
        if training is not None:
            rows = Clock("rows", str(training.file.path), training.file.rows, visit.write_training("--force"))
        if rows and subject:
            found += check_rows(rows, subject.frames)
        drift = []
        if subject and sound:
            drift = list(check_rate(self._frames(subject, rate), rate, sound))
            found += drift
        # Where rows follow frames that drift, the video is the one cause of both.
        told = drift and rows and subject and abs(rows.count - subject.frames) <= 1
        if rows and sound and not told:
            found += check_rate(rows, rate, sound)

    def _frames(self, subject: Subject, rate: float) -> Clock:
        remedy = (
            f"process the video again at {rate:g} fps (ffmpeg -i VIDEO -r {rate:g} NEW) with its own sound; or, if it "
            f"has to keep its rate, {self.visit.write_training('--fps RATE --force')}"
        )
        return Clock("video frames", str(subject.folder), subject.frames, remedy)

    def _driven(self, subject: Subject | None, training: Features | None, driving: Features | None) -> None:
        visit = self.visit
        if visit.stream_context is not None:
            file = training.file if training else None
            self.findings += check_stream(visit.stream_context, visit.spec, file, visit.write_training("--force"))
        if driving is not None and training is not None:
            self.findings += check_driving(training, driving, visit)
        if driving is not None and subject is not None:
            self.findings += check_driving_length(driving.file, subject, visit.spec, visit.write_driving())

    def _weights(self, training: Features | None) -> None:
        path, spec = self.visit.weights, self.visit.spec
        if path is None:
            return
        if not spec.audio_layer:
            found = f"the width of {spec.name} cannot be read from its checkpoints"
            self.findings.append(Finding(Severity.INFO, "no-audio-layer", found, str(path)))
            return
        try:
            widths = read_audio_widths(path, spec.audio_layer)
        except InputError as error:
            self._refused("unreadable-weights", error, path, "")
            return
        width = training.file.shape[-1] if training and training.file.shape else None
        self.findings += check_weights(path, widths, width, spec, self.visit.slot)
        self.checked += [f"{path}: {name} takes {width} features" for name, width in widths.items()]

    def _refused(self, code: str, error: Exception, where: Path, remedy: str) -> None:
        found = str(error).removeprefix(f"{where} ")
        self.findings.append(Finding(Severity.ERROR, code, found, str(where), remedy))
