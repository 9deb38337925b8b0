"""The network: layers, loss, the model made of them, its weights file, and the lecture's class."""
