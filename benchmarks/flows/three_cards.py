"""Three steps, each with a card."""

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Markdown


class ThreeCardsFlow(FlowSpec):
    """A line of text on each card."""

    @card
    @step
    def start(self):
        current.card.append(Markdown("# first"))
        self.next(self.middle)

    @card
    @step
    def middle(self):
        current.card.append(Markdown("# second"))
        self.next(self.end)

    @card
    @step
    def end(self):
        current.card.append(Markdown("# third"))


if __name__ == "__main__":
    ThreeCardsFlow()
