"""Sets as pictures: cut-outs, sized and placed by a template or by the solver, with text, on a background."""
