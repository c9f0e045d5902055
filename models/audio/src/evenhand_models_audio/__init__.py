"""Sound weights of evenhand: one ONNX file and one card for each model, data only."""
