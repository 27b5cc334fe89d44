"""The only room that changes the world. It carries out plans; it never judges them."""
