from rankscope.base.model_folder import verify


def test_the_tiny_base_is_a_model_folder(tiny_base):
    assert [path.name for path in verify(tiny_base.model)] == ["model.safetensors"]
