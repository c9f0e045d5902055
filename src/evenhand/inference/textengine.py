"""PP-OCR's three stages as packaged by rapidocr: search for text, which way up a line stands, what it says.

The weights come inside that package. Sessions are made here and handed to it, so it has nothing to fetch or to write.
"""

from __future__ import annotations

from typing import Any

from evenhand.errors import ModelError
from evenhand.inference.denormals import flushed

_STAGES = (
    ("Det", "PP-OCRv6_det_small.onnx"),
    ("Cls", "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
    ("Rec", "PP-OCRv6_rec_small.onnx"),
)


def make_engine(threads: int, *, side: int) -> Any:
    """Give the stages of reading, loaded.

    Args:
        threads: inside one run, >= 1.
        side: pixels of the longer side at which text is looked for.

    Raises:
        ModelError: rapidocr or its weights are not installed.
    """
    try:
        import onnxruntime as ort
        from omegaconf import flag_override
        from rapidocr import RapidOCR
    except ImportError as error:
        raise ModelError("Reading text in pictures needs rapidocr: install evenhand with the extra 'image'.") from error
    from importlib import resources

    engine: Any = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.return_word_box": True,
            "Det.limit_type": "max",
            "Det.limit_side_len": side,
            # A line is scored over its own outline. Over its bounding box, slanted lines count what is beside them.
            "Det.score_mode": "slow",
            # Six lines at a time, padded to the longest, cost a fifth more than one by one.
            "Rec.rec_batch_num": 1,
        }
    )
    for section, file in _STAGES:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # pictures differ in size, and an arena keeps the most it ever held
        try:
            weights = (resources.files("rapidocr") / "models" / file).read_bytes()
            # A tenth of the weights that search for text are denormal, and took two thirds of its time.
            session = ort.InferenceSession(flushed(weights), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"OCR weights {file} cannot be loaded; reinstall rapidocr 3.10 or later.") from error
        with flag_override(engine.cfg[section], "allow_objects", True):
            engine.cfg[section].session = session
    # Its stages are loaded by its own first call; a blank picture would stop at the first, so they are asked for here.
    engine.text_det, engine.text_cls, engine.text_rec = (
        engine._load_det_model(),
        engine._load_cls_model(),
        engine._load_rec_model(),
    )
    engine.text_det.preprocess_op = engine.text_det.get_preprocess()  # reads its settings, which takes a millisecond
    return engine
