"""Training a reference renderer on footage and a feature file; stopped at any moment, it goes on where it was."""

import csv
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pase.errors import InputError
from pase.execution.progress import ProgressReport
from pase.files import atomic_path, make_folder
from pase.torch_file import read_torch_file
from pase_adapters.reference.device import pick_device
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.store import build, save_model
from pase_adapters.reference.warming import warm_up

_SAVE_EVERY = 200
"""Steps between two stored states of the training."""

_CHECK_EVERY = 200
"""Steps between two looks at frames that are kept from training."""

_CHECKED = 48
"""Frames that are looked at."""


@dataclass(frozen=True)
class Settings:
    """How a renderer is trained.

    Attributes:
        renderer: ``"reference-nerf"`` or ``"reference-3dgs"``.
        steps: Of the optimiser.
        frames: Video frames in a step.
        pixels: Pixels of each frame in a step, drawn where mouths move, as a square where that is cheaper; None: all.
        warm_up: Steps of the audio path alone before them, see `pase_adapters.reference.warming`.
        rate: Factor on all learning rates.
        seed: Of weights and draws.
    """

    renderer: str
    steps: int
    frames: int
    pixels: int | None
    warm_up: int = 500
    rate: float = 1.0
    seed: int = 0

    @property
    def features_of(self) -> str:
        """The renderer whose feature file it takes."""
        return {"reference-nerf": "er-nerf", "reference-3dgs": "gaussian-talker"}[self.renderer]

    def __post_init__(self) -> None:
        if self.steps < 1 or self.frames < 1 or (self.pixels is not None and self.pixels < 1):
            raise InputError(f"steps, frames and pixels must be at least 1, found {self}")


BENCHMARK = {
    "reference-nerf": Settings("reference-nerf", steps=1200, frames=32, pixels=128),
    "reference-3dgs": Settings("reference-3dgs", steps=1000, frames=16, pixels=576),
}
"""Settings that a processor without a GPU finishes in minutes."""


def settings_for(renderer: str) -> Settings:
    """The benchmark's settings of a renderer.

    Raises:
        InputError: There is no such reference renderer.
    """
    if renderer not in BENCHMARK:
        raise InputError(f"there is no reference renderer {renderer!r}; there are {', '.join(BENCHMARK)}")
    return BENCHMARK[renderer]


class Training:
    """One training, in one folder.

    Args:
        footage: Of the person.
        features: A row for each of its frames.
        settings: How.
        folder: For the model, the learning curve and the state from which it goes on.
        device: See `pase_adapters.reference.device.pick_device`.

    Raises:
        InputError: Rows and frames differ, there is no such device, or the folder holds a training of something else.
    """

    def __init__(
        self, footage: Footage, features: Features, settings: Settings, folder: Path, device: str = "auto"
    ) -> None:
        features.check_rows(len(footage), f"{footage.folder} has {len(footage)} frames")
        self._footage, self._features, self._settings, self._folder = footage, features, settings, folder
        self._device = pick_device(device)
        torch.manual_seed(settings.seed)
        mean, spread = _picture(footage)
        self.model = build(settings.renderer, features.width, footage.size, torch.from_numpy(mean)).to(self._device)
        self.model.columns, self.model.source = features.columns, features.source
        self._likely = torch.from_numpy(spread).to(self._device)
        self._optimizer = torch.optim.Adam(self.model.rates(), eps=1e-12, betas=(0.9, 0.99))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._share)
        self._curve: list[dict[str, float]] = []
        self._done = 0
        make_folder(folder)
        self._resume()

    @property
    def psnr(self) -> float:
        """Of frames that are kept from training, in dB, when it was last measured."""
        return self._curve[-1]["psnr"]

    def run(self) -> ReferenceRenderer:
        """Train to the end; store the model."""
        if self._done == 0 and self._settings.warm_up:
            draws = np.random.default_rng([self._settings.seed, self._settings.steps])
            warm_up(self.model.audio, self._footage, self._features, self._settings.warm_up, draws)
        with ProgressReport(f"train {self._settings.renderer}", self._settings.steps - self._done) as progress:
            while self._done < self._settings.steps:
                loss = self._step()
                self._done += 1
                last = self._done == self._settings.steps
                if last or self._done % _CHECK_EVERY == 0:
                    self._curve.append({"step": self._done, "loss": loss, "psnr": self._check()})
                if last or self._done % _SAVE_EVERY == 0:
                    self._save()
                progress.advance(failed=False)
        save_model(self._folder, self.model, {"training": asdict(self._settings)})
        return self.model

    def _step(self) -> float:
        draws = np.random.default_rng([self._settings.seed, self._done])
        torch.manual_seed(int(draws.integers(2**62)))
        frames = draws.choice(self._footage.training, self._settings.frames)
        wanted = self._pictures(frames)
        pixels = None
        if self._settings.pixels is not None:
            pixels = self._drawn_pixels(len(frames), self._settings.pixels)
            wanted = wanted.gather(1, pixels[..., None].expand(-1, -1, 3))
        self.model.train()
        drawn = self.model.draw(self._codes(frames), self._poses(frames), pixels)
        loss = (drawn - wanted).square().mean()
        if not torch.isfinite(loss):
            raise InputError(f"the error became {float(loss)} in step {self._done}: train with a smaller --rate")
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())

    def _drawn_pixels(self, frames: int, count: int) -> Tensor:
        """Numbers of pixels ``(F, P)``: where mouths move, scattered or as one square."""
        if not self.model.patches:
            return torch.multinomial(self._likely.expand(frames, -1), count)
        size, side = self._footage.size, min(self._footage.size, math.isqrt(count))
        middles = torch.multinomial(self._likely, frames, replacement=True)
        tops, lefts = ((middle - side // 2).clamp(0, size - side) for middle in (middles // size, middles % size))
        along = torch.arange(side, device=middles.device)
        square = along[:, None] * size + along
        return (tops * size + lefts)[:, None] + square.view(-1)

    @torch.inference_mode()
    def _check(self) -> float:
        """PSNR in dB over frames that are kept from training."""
        self.model.eval()
        kept = self._footage.validation
        frames = kept[np.linspace(0, len(kept) - 1, min(_CHECKED, len(kept))).astype(int)]
        errors = []
        for part in np.array_split(frames, math.ceil(len(frames) / 8)):
            drawn = self.model.draw(self._codes(part), self._poses(part)).clamp(0, 1)
            errors.append((drawn - self._pictures(part)).square().mean((1, 2)))
        return float(-10 * torch.cat(errors).mean().clamp(min=1e-9).log10())

    def _codes(self, frames: NDArray[np.int64]) -> Tensor:
        return self.model.audio.of_windows(torch.from_numpy(self._features.windows(frames)).to(self._device))

    def _poses(self, frames: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self._footage.poses[frames]).to(self._device)

    def _pictures(self, frames: NDArray[np.int64]) -> Tensor:
        pictures = torch.from_numpy(self._footage.pictures(frames).reshape(len(frames), -1, 3))
        return pictures.to(self._device)

    def _share(self, step: int) -> float:
        """Of the learning rate: a short rise, then half a cosine down to a hundredth."""
        rise = min(1.0, (step + 1) / 50)
        return self._settings.rate * rise * (0.505 + 0.495 * math.cos(math.pi * step / self._settings.steps))

    def _identity(self) -> str:
        told = {
            **asdict(self._settings),
            "footage": str(self._footage.folder.absolute()),
            "rows": self._features.digest,
        }
        return repr(sorted(told.items()))

    def _save(self) -> None:
        state = {
            "identity": self._identity(),
            "step": self._done,
            "curve": self._curve,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }
        with atomic_path(self._folder / "state.pt") as temporary:
            torch.save(state, temporary)
        with atomic_path(self._folder / "curve.csv") as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["step", "loss", "psnr"])
            writer.writeheader()
            writer.writerows(self._curve)

    def _resume(self) -> None:
        path = self._folder / "state.pt"
        if not path.exists():
            return
        try:
            state: dict[str, Any] = read_torch_file(path, self._device)
            identity = state["identity"]
        except (InputError, LookupError, TypeError) as error:
            raise InputError(f"{path} cannot be read ({error}): remove it to begin anew") from error
        if identity != self._identity():
            raise InputError(
                f"{self._folder} holds a training with other settings, footage or features. Name another folder, or "
                f"remove it to begin anew."
            )
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._done, self._curve = state["step"], state["curve"]


def _picture(footage: Footage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean picture, and how likely each pixel is drawn: half evenly, half by how much it changes."""
    some = footage.training[np.linspace(0, len(footage.training) - 1, min(200, len(footage.training))).astype(int)]
    pictures = footage.pictures(some)
    spread = pictures.std(axis=0).mean(axis=2).ravel()
    likely = 0.5 / spread.size + 0.5 * spread / max(float(spread.sum()), 1e-6)
    return pictures.mean(axis=0), np.asarray(likely / likely.sum(), dtype=np.float32)
