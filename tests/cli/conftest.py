from tests.run.conftest import folder, model

__all__ = ["folder", "model"]
