"""Networks that train from scratch, one function each. Backend-neutral Keras 3; every one ends in logits.

Each takes the input's shape, the number of outputs (1 for two classes, else the number of classes) and its recipe.
Convolutional ones share the recipe keys `rescale`, `flip`, `translation`, see `image_inputs`.
"""

import keras
from keras import layers, regularizers

STAGE_BLOCKS = 2  # residual blocks a stage of `resnet18`
NEGATIVE_SLOPE = 0.3  # of the leaky ReLU in the head of `resnet` and `vgg19`
SMALLEST_VGG_IMAGE = 32  # five poolings
# Means of ImageNet's red, green and blue, which VGG19's weights expect to be subtracted (Simonyan and Zisserman 2015).
IMAGENET_MEANS = (123.68, 116.779, 103.939)


def rescaling(rescale: dict) -> layers.Layer:
    """Layer that maps the interval `rescale["from"]` linearly onto `rescale["to"]`, computed in float32."""
    (low, high), (bottom, top) = rescale["from"], rescale["to"]
    scale = (top - bottom) / (high - low)
    return layers.Rescaling(scale, bottom - low * scale, dtype="float32")


def image_inputs(input_shape: tuple, recipe: dict) -> tuple:
    """Input, scaling and augmentation; the augmentation is active in training only.

    Args:
        input_shape: (height, width, channels), or (height, width) for grey images.
        recipe: `rescale` (see `rescaling`), `flip` (mirror half of the images, left to right), `translation`
            (largest shift as a share of height and width, the edge is repeated).

    Returns:
        (the model's input, the images that the first layer sees).

    Raises:
        ValueError: for samples that are not images.
    """
    if len(input_shape) not in (2, 3):
        raise ValueError(
            f"samples have shape {input_shape}, but architecture '{recipe['architecture']}' takes images of shape "
            "(height, width, channels) or (height, width); use architecture mlp, or a model of your own"
        )
    inputs = keras.Input(input_shape)
    x = inputs if len(input_shape) == 3 else layers.Reshape((*input_shape, 1))(inputs)
    x = rescaling(recipe["rescale"])(x)
    if recipe["flip"]:
        x = layers.RandomFlip("horizontal", dtype="float32")(x)
    if recipe["translation"]:
        shift = recipe["translation"]
        x = layers.RandomTranslation(shift, shift, fill_mode="nearest", dtype="float32")(x)
    return inputs, x


def logits(outputs: int, **settings) -> layers.Dense:
    """The last layer: linear, and in float32 also where the network computes in mixed precision."""
    return layers.Dense(outputs, name="logits", dtype="float32", **settings)


def mlp(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """Dense layers with ReLU, dropout after each hidden layer, one linear output layer.

    Args:
        recipe: `hidden` (list of widths), `dropout` (rate), `l1` and `l2` (Keras kernel penalties), perhaps `rescale`.
    """
    penalty = {}
    if recipe["l1"] or recipe["l2"]:
        penalty = {"kernel_regularizer": regularizers.L1L2(l1=recipe["l1"], l2=recipe["l2"])}
    inputs = keras.Input(input_shape)
    x = rescaling(recipe["rescale"])(inputs) if "rescale" in recipe else inputs
    x = layers.Flatten()(x)
    for width in recipe["hidden"]:
        x = layers.Dense(width, activation="relu", **penalty)(x)
        if recipe["dropout"]:
            x = layers.Dropout(recipe["dropout"])(x)
    return keras.Model(inputs, logits(outputs, **penalty)(x))


def cnn(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """Three 3x3 convolutions of 32, 64 and 64 filters, each with 2x2 max-pooling, and a hidden layer of 64."""
    inputs, x = image_inputs(input_shape, recipe)
    for filters in (32, 64, 64):
        if min(x.shape[1:3]) < 4:
            raise ValueError(
                f"images of shape {input_shape} are too small for architecture cnn, which needs 22 x 22 or more; "
                "use architecture mlp"
            )
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, logits(outputs)(x))


def head(x, outputs: int, recipe: dict):
    """Flatten, Dense 128, dropout, leaky ReLU, logits, as in the report's networks; `dropout`, `l1`, `l2` of recipe."""

    def penalty():
        return regularizers.L1L2(l1=recipe["l1"], l2=recipe["l2"])

    x = layers.Dense(128, kernel_regularizer=penalty())(layers.Flatten()(x))
    x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE)(layers.Dropout(recipe["dropout"])(x))
    return logits(outputs, kernel_initializer="he_normal", kernel_regularizer=penalty())(x)


def resnet(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """The report's residual network: 20 layers deep, three stages of 16, 32 and 64 filters, and the shared `head`.

    Both convolutions of a block are followed by batch normalisation and ReLU; nothing follows the addition.
    """

    def convolution(x, filters, size, strides=1):
        return layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            kernel_initializer="he_normal",
            kernel_regularizer=regularizers.L2(recipe["l2"]),
        )(x)

    def normalised(x):
        return layers.ReLU()(layers.BatchNormalization()(x))

    inputs, x = image_inputs(input_shape, recipe)
    x = normalised(convolution(x, 16, 3))
    for filters, first_strides in ((16, 1), (32, 2), (64, 2)):
        for strides in (first_strides, 1, 1):
            y = normalised(convolution(x, filters, 3, strides))
            y = normalised(convolution(y, filters, 3))
            if x.shape != y.shape:
                x = layers.BatchNormalization()(convolution(x, filters, 1, strides))
            x = layers.Add()([x, y])
    return keras.Model(inputs, head(normalised(x), outputs, recipe))


def resnet18(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """ResNet-18 of He et al. 2016 with a 3x3 stem for small images; global average pooling, 512 features."""

    def convolution(x, filters, size, strides=1):
        x = layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=regularizers.L2(recipe["l2"]),
        )(x)
        return layers.BatchNormalization()(x)

    inputs, x = image_inputs(input_shape, recipe)
    x = layers.ReLU()(convolution(x, 64, 3))
    for filters, first_strides in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for strides in (first_strides,) + (1,) * (STAGE_BLOCKS - 1):
            y = layers.ReLU()(convolution(x, filters, 3, strides))
            y = convolution(y, filters, 3)
            if x.shape != y.shape:
                x = convolution(x, filters, 1, strides)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, logits(outputs, kernel_regularizer=regularizers.L2(recipe["l2"]))(x))


def vgg19(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """VGG19 of keras.applications without its top, and the shared `head`.

    Args:
        recipe: `weights`: none for random ones (see `initialise`), imagenet to start from ImageNet's, which Keras
            downloads; the images then are RGB and `rescale` gives [-1, 1].
    """
    inputs, x = image_inputs(input_shape, recipe)
    if min(x.shape[1:3]) < SMALLEST_VGG_IMAGE:
        raise ValueError(
            f"images of shape {input_shape} are too small for architecture vgg19, which needs "
            f"{SMALLEST_VGG_IMAGE} x {SMALLEST_VGG_IMAGE} or more; use architecture cnn or resnet"
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


ARCHITECTURES = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "vgg19": vgg19, "resnet18": resnet18}
