"""Singular values of one matrix over training, intruders marked."""

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.intruders.singular_values import singular_values


def builder() -> EvidenceBuilder:
    """Full and LoRA, two seeds, two steps; the vector of LoRA after step 2 intrudes."""
    found = EvidenceBuilder()
    for rank in (None, 4):
        for seed in range(2):
            run = found.run(rank, seed)
            for step in (1, 2):
                found.intruders(run, step, [0])
                cosine = 0.25 if rank and step == 2 else 0.875
                found.vector(run, step, 0, sigma=step + 0.5 * seed, max_cosine=cosine)
    return found


def test_the_first_seed_is_drawn_at_every_step_each_method_in_a_panel():
    figure = singular_values(tables_of(builder()))
    assert [panel.title for panel in figure.panels] == ["Full", "LoRA r=4"]
    for place, label in enumerate(("Full", "LoRA r=4")):
        rows = figure.rows.filter(condition=label)
        assert rows.select("step", "sigma").rows() == [(1, 1.0), (2, 2.0)]
        assert set(rows["panel"]) == {place}


def test_a_diamond_is_an_intruder():
    figure = singular_values(tables_of(builder()))
    points = figure.panels[1].chart.to_dict()["layer"][-1]["encoding"]
    assert points["shape"]["condition"] == {
        "test": "datum.max_cosine < 0.5", "value": "diamond",
    }  # fmt: skip
    marked = figure.rows.filter(figure.rows["max_cosine"] < 0.5)
    assert marked.select("condition", "step").rows() == [("LoRA r=4", 2)]


def test_panels_share_their_vertical_axis():
    """All methods are in each panel, unseen: panels of a figure can be compared."""
    for panel in singular_values(tables_of(builder())).panels:
        everything, *own = panel.chart.to_dict()["layer"]
        assert everything["mark"] == {"type": "point", "opacity": 0}
        shown = {str(filters) for filters in everything["transform"]}
        assert all(len(each["transform"]) == len(shown) + 1 for each in own)
