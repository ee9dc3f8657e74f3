"""My NeRF, a renderer that does not exist: what an adapter of your own looks like."""

from pase_adapters.spec import Command, Launch, Need, RendererSpec, RowLayout, Slot

ROWS = RowLayout(
    rows_per_second=25,
    columns_per_second=50,
    columns=16,
    first_column=-8,  # row i covers the short frames 2i - 8 ... 2i + 7
    width=64,  # what its first layer takes; None together with a launch: any
    min_rows=4,
)

SPEC = RendererSpec(
    name="my-nerf",
    description="My NeRF: one head per person, from 25 fps video",
    project_url="https://example.org/my-nerf",
    commit="0123456",
    licence="MIT",
    slots=(Slot("speech", ROWS, "aud.npy", "{stem}_aud.npy", switch="--features speech"),),
    frame_lists=("transforms_train.json", "transforms_val.json"),
    needs=(Need("eyes.csv", "its preprocessing"),),
    training_commands=(
        Command("train", "{python} train.py {data} --out {workspace} {switch}"),
        Command("test", "{python} test.py {data} --out {workspace} {switch}"),
    ),
    driving_commands=(
        Command("speak this recording", "{python} test.py {data} --out {workspace} --aud {features} {switch}"),
    ),
    launch=Launch("my_nerf.network", cls="AudioNet", width_argument="dim_in"),
    audio_layer="audio_net.encoder_conv.0.weight",
)
