"""Pictures that are drawn by hand, as SVG: text stays text, light and dark by the reader's choice, nothing is loaded.

canvas       elements, in a style sheet's classes; where every text stands
geometry     boxes that lie askew, and whether they touch
clock        times as they are shown
timeline     the ladder's layout: where every moment of an exchange stands
wording      where an arrow's label stands, so that it touches no other
ladder       the ladder: two hosts, time downwards, an arrow a segment
figure_5     the layout of RFC 9293's state diagram
states       the state diagram with the path that a connection took
"""

from testbed.report.svg.ladder import ladder_svg
from testbed.report.svg.states import state_diagram

__all__ = ["ladder_svg", "state_diagram"]
