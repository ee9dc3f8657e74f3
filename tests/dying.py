"""A stage that takes its worker process down; in a module of its own, for workers to import."""

import os
import signal

from pase.preparation.stage import StageResult
from pase.preparation.stages.crop import CropStage
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo


class DyingCropStage(CropStage):
    """Kills its process at one video, while a file says so."""

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        if video.name == "s0/clip_2" and (work.folder.parent / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(video, work)
