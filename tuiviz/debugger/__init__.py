"""The debugger without a screen: walks, positions, and what there is to see from them."""
