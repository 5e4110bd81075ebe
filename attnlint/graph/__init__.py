"""What the code computes: values, operations, scalars, shapes, masks, and the interpreter that builds them.

Read in this order: `values` (the nodes), `ops` (spellings to nodes), `interpreter` (definitions to nodes), `worlds`
(facts about nodes on one path through the branches), `analysis` (the graph of one definition).
"""
