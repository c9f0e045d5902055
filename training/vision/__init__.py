"""The picture weights: pinned sources in, checked ONNX files and cards out (``training.vision.build``)."""
