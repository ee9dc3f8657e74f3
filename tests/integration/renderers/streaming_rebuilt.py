"""The real-time paths of three renderers, rebuilt from the facts in docs/renderers.md; nothing here knows of PASE.

A ring hands its chunks to a model that must give a row less than chunks, keeps those in the middle, and cuts windows of
16 rows, 2 further each time. Slices of a ring are views, as in the renderers.
"""

import queue
import wave

import numpy as np
import torch

AutoProcessor = AutoModelForCTC = Audio2Feature = None  # what the hooks replace


class Ring:
    def __init__(self, opt, warm_up_steps):
        self.opt = opt
        self.fps, self.sample_rate = opt.fps, 16000
        self.chunk = 16000 // opt.fps
        self.stride_left_size, self.context_size, self.stride_right_size = opt.l, opt.m, opt.r
        self.warm_up_steps = warm_up_steps
        self.audio_dim = 44
        self.frames = [np.zeros(self.chunk, np.float32)] * opt.l
        self.feat_queue = torch.zeros(4 * opt.m, self.audio_dim)
        self.att_feats = [torch.zeros(self.audio_dim, 16)] * 4
        self.calls = self.cut = 0
        self.terminated = False

    def take(self):
        raise NotImplementedError

    def run_step(self):
        if self.terminated:
            return
        chunk = self.take()
        if chunk is None:
            self.terminated = True
        else:
            self.frames.append(chunk)
            if len(self.frames) < self.opt.l + self.opt.m + self.opt.r:
                return
        features = self.features(np.concatenate(self.frames))
        self.frames = self.frames[-(self.opt.l + self.opt.r) :]
        start = self.calls % 4 * self.opt.m
        self.feat_queue[start : start + len(features)] = features
        self.calls += 1

    def features(self, samples):
        inputs = self.processor(samples, sampling_rate=16000, return_tensors="pt", padding=True).input_values
        rows = self.model(inputs).logits[0]
        assert len(self.processor.batch_decode(rows[None].argmax(-1))) == 1
        stop = len(rows) if self.terminated else len(rows) - self.opt.r + 1
        return rows[self.opt.l : stop]

    def window(self):
        size = len(self.feat_queue)
        first, self.cut = (2 * self.cut - 8) % size, self.cut + 1
        last = (first + 16) % size
        whole = first < last
        rows = self.feat_queue[first:last] if whole else torch.cat([self.feat_queue[first:], self.feat_queue[:last]])
        return rows.T

    def get_next_feat(self):
        if getattr(self.opt, "att", 2) == 0:
            return self.window()[None]
        while len(self.att_feats) < 8:
            self.att_feats.append(self.window())
        windows = torch.stack(self.att_feats)
        self.att_feats = self.att_feats[1:]
        return windows

    def warm_up(self):
        for _ in range(self.warm_up_steps):
            self.run_step()


class FileRing(Ring):
    """RAD-NeRF's and ER-NeRF's, on a sound file."""

    def __init__(self, opt):
        super().__init__(opt, opt.m + opt.r + 14)
        self.mode = "file"
        with wave.open(opt.asr_wav) as file:
            self.file_stream = np.frombuffer(file.readframes(-1), np.int16).astype(np.float32) / 32768
        self.idx = 0
        self.processor = AutoProcessor.from_pretrained(opt.asr_model)
        self.model = AutoModelForCTC.from_pretrained(opt.asr_model).to("cpu")

    def get_audio_frame(self):
        first, self.idx = self.idx, self.idx + self.chunk
        return self.file_stream[first : self.idx] if first < len(self.file_stream) else None

    def take(self):
        return self.get_audio_frame()


class Fed:
    """What both servers have in common: sound is put in, silence invented where none is."""

    def put_audio_frame(self, chunk, _=None):
        self.queue.put(chunk)

    def get_audio_frame(self):
        try:
            return self.queue.get_nowait(), 0, None
        except queue.Empty:
            return np.zeros(self.chunk, np.float32), 1, None

    def get_audio_out(self):
        return self.output_queue.get()


class ServedRing(Fed, Ring):
    """metahuman-stream's: models come from outside, and one pair of them serves every session."""

    def __init__(self, opt, parent, processor, model):
        super().__init__(opt, opt.l + opt.m + opt.r)
        self.queue, self.output_queue = queue.Queue(), queue.Queue()
        self.processor, self.model = processor, model

    def take(self):
        taken = self.get_audio_frame()
        self.output_queue.put(taken)
        return taken[0]


class Batches(Fed):
    """LiveTalking's: batches of video frames, those in silence left out."""

    def __init__(self, opt, parent, audio_processor, audio_feat_length=(8, 8)):
        self.opt, self.audio_processor, self.audio_feat_length = opt, audio_processor, audio_feat_length
        self.chunk = 16000 // (2 * opt.fps)
        self.stride_left_size, self.stride_right_size = opt.l, opt.r
        self.queue, self.output_queue, self.feat_queue = queue.Queue(), queue.Queue(), queue.Queue()
        self.frames = []
        self.last_is_silence = True

    def take(self):
        taken = self.get_audio_frame()
        self.frames.append(taken[0])
        self.output_queue.put(taken)
        return taken[1] == 1

    def warm_up(self):
        for _ in range(self.stride_left_size + self.stride_right_size):
            self.take()
        for _ in range(self.stride_left_size):
            self.output_queue.get()

    def run_step(self):
        silences = [self.take() for _ in range(2 * self.opt.batch_size)]
        silent = all(silences)
        windows = [np.zeros((10, 1024), np.float32)] * self.opt.batch_size
        if not (silent and self.last_is_silence):
            rows = self.audio_processor.get_hubert_from_16k_speech(np.concatenate(self.frames))
            windows = [self.cut(rows, self.stride_left_size + 2 * frame) for frame in range(self.opt.batch_size)]
        self.feat_queue.put(windows)
        self.frames = self.frames[-(self.stride_left_size + self.stride_right_size) :]
        self.last_is_silence = silent

    def cut(self, rows, middle):
        before, after = self.audio_feat_length
        wanted = np.arange(middle - 2 * before, middle + 2 * after)
        return np.asarray([rows[row] for row in wanted.clip(0, len(rows) - 1)])

    def get_next_feat(self, block, timeout):
        return self.feat_queue.get(block, timeout)
