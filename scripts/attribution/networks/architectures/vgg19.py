"""VGG19, from random weights or ImageNet's."""

import keras
from keras import layers

from attribution.networks.layers import head, image_inputs

SMALLEST_IMAGE = 32  # five poolings
# Means of ImageNet's red, green and blue, which VGG19's weights expect to be subtracted (Simonyan and Zisserman 2015).
IMAGENET_MEANS = (123.68, 116.779, 103.939)


def build(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """VGG19 of keras.applications without its top, and the shared `head`.

    Args:
        recipe: `weights`: none for random ones (see `initialise`), imagenet to start from ImageNet's, which Keras
            downloads; the images then are RGB and `rescale` gives [-1, 1].
    """
    inputs, x = image_inputs(input_shape, recipe)
    if min(x.shape[1:3]) < SMALLEST_IMAGE:
        raise ValueError(
            f"images of shape {input_shape} are too small for architecture vgg19, which needs "
            f"{SMALLEST_IMAGE} x {SMALLEST_IMAGE} or more; use architecture cnn or resnet"
        )
    pretrained = recipe["weights"] == "imagenet"
    if pretrained and x.shape[-1] != 3:
        raise ValueError(f"weights imagenet needs images of 3 channels, not of shape {input_shape}; set weights: none")
    if pretrained:
        x = layers.Rescaling(127.5, [127.5 - mean for mean in IMAGENET_MEANS], dtype="float32")(x)
    body = keras.applications.VGG19(
        include_top=False, weights="imagenet" if pretrained else None, input_tensor=x, input_shape=x.shape[1:]
    )
    if pretrained:
        reverse_channels(body.get_layer("block1_conv1"))
    else:
        initialise(body)
    return keras.Model(inputs, head(body.output, outputs, recipe))


def initialise(model: keras.Model) -> None:
    """Draw the kernels of all convolutions as He et al. 2015 do, which keeps the size of activations through ReLUs.

    From keras.applications' own start, whose variance is half that, 16 convolutions without normalisation did not leave
    chance level on CIFAR-10 in 300 steps of Adam at 1e-3, nor in 600 steps of a learning rate that rises to 1e-3.
    At a constant 1e-4 that start does leave it, slowly: it is the recipe's 1e-3 that needs this one. One seed each.
    """
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))


def reverse_channels(layer: layers.Conv2D) -> None:
    """Make a convolution trained on BGR images give the same outputs on RGB images."""
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel[:, :, ::-1], bias])
