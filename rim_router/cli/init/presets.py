"""Tables for indexes that many people use, as they were when this was written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rim_router.cli.init.draft import InitError
from rim_router.rules.guards import DEFAULT_INDEX

if TYPE_CHECKING:
    from rim_router.cli.init.draft import Draft

PRESET = "PRESET"  # how the command line calls the name of one
FORMS = (
    "pytorch-VARIANT, pytorch-test-VARIANT, pytorch-nightly-VARIANT "
    "(VARIANT: cpu, cu126, cu130, rocm6.4, xpu, …), "
    "vllm-cu129 or another CUDA, vllm-rocm, vllm-nightly-cpu, vllm-nightly-cu130, nvidia, jax, jax-nightly"
)
# What a shell offers; others of these forms will do as well.
USUAL = (
    *(
        f"pytorch-{each}"
        for each in ("cpu", "cu126", "cu128", "cu130", "rocm6.4", "xpu", "test-cpu", "nightly-cpu")
    ),
    *("vllm-cu129", "vllm-rocm", "vllm-nightly-cpu", "vllm-nightly-cu130", "nvidia", "jax", "jax-nightly"),
)
_PYTORCH = r"pytorch-(?:(test|nightly)-)?(cpu|xpu|cu[0-9]{3}|rocm[0-9]{1,2}\.[0-9]{1,2})"
_VLLM = r"vllm-(?:(cu[0-9]{3})|nightly-(cpu|cu[0-9]{3}))"

_TORCH = (
    "torch", "torchvision", "torchaudio", "torchao", "torchcodec", "torchdata", "torchrec", "torchtext",
)  # fmt: skip
_COMPANIONS = {
    "cu": (
        "triton",
        "pytorch-triton",
        "torch-tensorrt",
        "fbgemm-gpu",
        "fbgemm-gpu-genai",
        "xformers",
        "flash-attn-3",
    ),
    "ro": ("triton-rocm", "pytorch-triton-rocm", "fbgemm-gpu", "fbgemm-gpu-genai"),
    "xp": ("triton-xpu", "pytorch-triton-xpu"),
    "cp": (),
}
# Its wheels for ROCm need the PyTorch that is beside them.
_VLLM_ROCM = (
    "vllm", "torch", "torchvision", "torchaudio", "triton", "triton-kernels", "amdsmi", "amd-aiter", "aiter",
    "flash-attn",
)  # fmt: skip
_VLLM_SOURCE = "https://docs.vllm.ai/en/latest/getting_started/installation/gpu/"
_VLLM_NIGHTLY_SOURCE = "https://docs.vllm.ai/en/latest/contributing/ci/nightly_builds/"

_PYTORCH_SOURCE = "https://github.com/pytorch/test-infra/blob/main/s3_management/manage_v2.py"
_PYTORCH_HOSTS = ["download-r2.pytorch.org", "d21usjoq99fcb9.cloudfront.net"]

_NVIDIA_SOURCE = "https://docs.rapids.ai/install/ and https://docs.nvidia.com/deeplearning/tensorrt/"
_RAPIDS = (
    "cudf", "cugraph", "cuml", "cuvs", "cuxfilter", "cucim", "dask-cudf", "kvikio", "libcudf", "libcugraph",
    "libcuml", "libcuvs", "libkvikio", "libraft", "librmm", "nx-cugraph", "pylibcudf", "pylibcugraph",
    "pylibraft", "raft-dask", "rmm",
)  # fmt: skip
_TENSORRT = ("tensorrt-{}", "tensorrt-{}-bindings", "tensorrt-{}-libs")

_JAX_SOURCE = "https://docs.jax.dev/en/latest/installation.html"
_JAX = (
    "jax", "jaxlib", "jax-cuda12-plugin", "jax-cuda12-pjrt", "jax-cuda13-plugin", "jax-cuda13-pjrt",
)  # fmt: skip
_JAX_NIGHTLY = (
    "https://us-python.pkg.dev/ml-oss-artifacts-published/jax-public-nightly-artifacts-registry/simple"
)
_DATE = "as of 2026-11"


def add_preset(draft: Draft, name: str) -> str:
    """Add a preset to a draft; returns where its facts come from.

    :raises InitError: if there is none of that name.
    """
    found = re.fullmatch(_PYTORCH, name)
    if found is not None:
        return f"{_pytorch(draft, found[1] or '', found[2])}; {_DATE}"
    found = re.fullmatch(_VLLM, name)
    if found is not None:
        torch = _pytorch(draft, "", found[1] or found[2])
        return f"{torch}; {_vllm(draft, found[1], found[2])}; {_DATE}"
    if name == "vllm-rocm":
        index = draft.index(name, "https://wheels.vllm.ai/rocm", f"preset {name}")
        for project in _VLLM_ROCM:
            draft.route(project, index, f"preset {name}")
        return f"{_VLLM_SOURCE}; {_DATE}"
    if name == "nvidia":
        return f"{_nvidia(draft)}; {_DATE}"
    if name in ("jax", "jax-nightly"):
        nightly = name != "jax"
        index = draft.index(name if nightly else "pypi", _JAX_NIGHTLY if nightly else DEFAULT_INDEX, name)
        for project in _JAX:
            draft.route(project, index, name)
        return f"{_JAX_SOURCE}; {_DATE}"
    raise InitError(f"there is no preset {name}", hint=f"choose one of {FORMS}")


def _pytorch(draft: Draft, channel: str, variant: str) -> str:
    label = "-".join(filter(None, ("pytorch", channel, variant)))
    path = "/".join(filter(None, ("whl", channel, variant)))
    options: dict[str, object] = {"external-hosts": _PYTORCH_HOSTS, "probe": "torch", "absent-status": [403]}
    index = draft.index(label, f"https://download.pytorch.org/{path}", f"preset {label}", options=options)
    for project in (*_TORCH, *_COMPANIONS[variant[:2]]):
        draft.route(project, index, f"preset {label}")
    if channel == "nightly":
        draft.note(
            "digests: pages of nightly builds have none, so run `rim-router pin torch` before you install"
        )
    return _PYTORCH_SOURCE


def _vllm(draft: Draft, stable: str | None, nightly: str | None) -> str:
    if nightly is None:
        draft.route("vllm", draft.index("pypi", DEFAULT_INDEX, "preset vllm"), "preset vllm")
        other = f"https://wheels.vllm.ai/VERSION/{stable}"
        draft.note(f"vllm: PyPI has it for one CUDA; if that is not yours, its index is {other}")
        return _VLLM_SOURCE
    label = f"vllm-nightly-{nightly}"
    index = draft.index(label, f"https://wheels.vllm.ai/nightly/{nightly}", f"preset {label}")
    draft.route("vllm", index, f"preset {label}")
    return _VLLM_NIGHTLY_SOURCE


def _nvidia(draft: Draft) -> str:
    index = draft.index("nvidia", "https://pypi.nvidia.com", "preset nvidia")
    names = [f"{name}-{cuda}" for cuda in ("cu12", "cu13") for name in _RAPIDS]
    names += [name.format(cuda) for cuda in ("cu12", "cu13") for name in _TENSORRT]
    for project in ("tensorrt", *names):
        draft.route(project, index, "preset nvidia")
    return _NVIDIA_SOURCE
