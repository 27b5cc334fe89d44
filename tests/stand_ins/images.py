"""A ResNet50 with random weights, saved by Keras in `model/`, and twelve JPEG files in `data/`.

Run in the example's folder, with the Python of the example's environment: the model of the published one is not in
the repository.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

tf.random.set_seed(1)
tf.keras.applications.ResNet50(weights=None, input_shape=(244, 244, 3), classes=1000).save("model")
chance = np.random.RandomState(3)
Path("data").mkdir()
for number in range(12):
    colours = chance.randint(0, 255, (8, 8, 3)).astype("uint8")
    Image.fromarray(colours).resize((320, 240 + number)).save(f"data/image-{number:02d}.jpeg")
