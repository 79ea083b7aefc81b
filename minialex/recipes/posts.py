"""The trainings that two posts print."""

from minialex.recipes.recipe import Recipe

KERAS_MONKEYS = Recipe(
    "A post's Keras training of half an AlexNet on ten species of monkeys",
    "the post 'AlexNet and VGG', sections 1.4.3 and 1.4.4; defaults of Keras' Adam",
    {
        "model": "alexnet-half", "data": "10-monkey-species", "image_size": 224, "epochs": 10,
        "batch_size": 32, "optimiser": "keras-adam", "lr": 0.001, "momentum": 0.9,
        "weight_decay": 0.0, "schedule": "constant", "val_size": 0,
        "flip": True, "vertical_flip": True, "crop": 0,
        "rotate": 40.0, "shift": 0.2, "shear": 0.2, "zoom": 0.2,
        "pixels": "0-1", "mean": "none", "seed": 7,
    },
    (
        "Data: 1098 pictures in train/ (the download calls it training/training/) and 272 in "
        "validation/, which is what is tested here; nothing is held out of the 1098. The post "
        "trains --model vgg16-512 alike.",
        "Pixels are grey levels divided by 255, without a mean.",
        "shear is in degrees in Keras: 0.2 degrees is next to nothing, and may have been meant as "
        "an angle in radians, 11.5 degrees.",
        "Keras takes 34 batches an epoch, 1088 of the 1098 pictures; here an epoch has them all.",
        "Keras stretches pictures to 224x224 and takes the nearest pixel; here the shorter side is "
        "scaled and the middle kept. Its random numbers are others for the same seed.",
    ),
)  # fmt: skip

PADDLE_CIFAR = Recipe(
    "A post's PaddlePaddle training of AlexNet on CIFAR-10",
    "the post 'AlexNet in PaddlePaddle and TensorFlow', train_alexnet.py; PaddlePaddle's v2 API",
    {
        "model": "alexnet-paddle-lrn", "data": "cifar10", "image_size": 37, "epochs": 200,
        "batch_size": 128, "lr": 0.1, "momentum": 0.9, "weight_decay": 2e-4, "decay_biases": True,
        "schedule": "discexp", "lr_factor": 0.1, "lr_samples": 5_000_000, "val_size": 0,
        "flip": False, "crop": 0, "pixels": "0-1", "mean": "none",
    },
    (
        "PaddlePaddle sums the gradient over the batch: its lr of 0.1 / 128 and L2 rate of "
        "0.0002 * 128 are 0.1 and 0.0002 for the mean. The rate applies to biases too.",
        "Pixels are grey levels divided by 255, without a mean.",
        "The post gives the network 32x32 pixels, at which its last pool has nothing left; 37 is "
        "the smallest size that it takes, so pictures are enlarged to it.",
        "The post's function without LRN contains it as printed; --model alexnet-paddle leaves it "
        "out.",
        "The post tests and saves after every pass: --save-every 1 does, at 0.5 GB a checkpoint.",
        "Its prediction swaps red and blue, which its training does not: not copied.",
    ),
)  # fmt: skip
