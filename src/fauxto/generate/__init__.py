"""The systems that make pictures: one published system a file, the GAN toolkit a folder."""
