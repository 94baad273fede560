"""Every article type of a bedroom with the function that draws it."""

from __future__ import annotations

from atelier.simulate.furniture import beds, lamps, tables, textiles, walls
from atelier.simulate.look import Drawer

DRAWERS: dict[str, Drawer] = {
    "Beds": beds.bed,
    "Daybeds": beds.daybed,
    "Bedside Tables": tables.bedside_table,
    "Stools": tables.stool,
    "Table Lamps": lamps.table_lamp,
    "Floor Lamps": lamps.floor_lamp,
    "Prints": walls.framed_print,
    "Paintings": walls.painting,
    "Mirrors": walls.mirror,
    "Rugs": textiles.rug,
    "Throws": textiles.throw,
    "Cushions": textiles.cushion,
}
