from mlstages import PipelineConfig
from mlstages.stages import monolith


def test_it_prints_as_it_goes_and_saves_its_picture_in_between(tmp_path, capsys):
    figure = tmp_path / "a.png"
    monolith.run(PipelineConfig(figure=figure))
    printed = capsys.readouterr().out.splitlines()
    wanted = ("1,000 rows", "800 rows", "Coefficients 16.7165", "saved to", "MSE 107.8", "cowboys!")
    places = [next(i for i, line in enumerate(printed) if text in line) for text in wanted]
    assert places == sorted(places)
    assert printed[-1] == "See you, space cowboys!"
    assert figure.read_bytes().startswith(b"\x89PNG")
