"""Vision transformer with torchvision's parameter names."""

import hashlib

import numpy as np
import torch
from torch import nn


class EncoderBlock(nn.Module):
    """Attention and perceptron, each on normalised tokens, each added to its input.

    Parameters
    ----------
    n_hidden, n_heads, n_mlp : int
        Width of a token, attention heads, width inside the perceptron.
    """

    def __init__(self, *, n_hidden, n_heads, n_mlp):
        super().__init__()
        self.ln_1 = nn.LayerNorm(n_hidden, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(n_hidden, n_heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(n_hidden, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(n_hidden, n_mlp),
            nn.GELU(),
            nn.Identity(),  # dropout, 0 in the published networks
            nn.Linear(n_mlp, n_hidden),
            nn.Identity(),
        )

    def forward(self, tokens):
        """Map (n_images, n_tokens, n_hidden) to the same shape."""
        normalised = self.ln_1(tokens)
        attended, _ = self.self_attention(
            normalised, normalised, normalised, need_weights=False
        )
        tokens = tokens + attended
        return tokens + self.mlp(self.ln_2(tokens))


class VisionTransformer(nn.Module):
    """ViT-B/32 [1]_ by default; the class token comes first.

    Parameters
    ----------
    image_size, patch_size : int
        Height and width of images and patches, in pixels.
    n_layers, n_heads, n_hidden, n_mlp, n_classes : int
        Blocks, heads per block, width of a token, width inside the perceptrons, outputs
        of the classifier.

    References
    ----------
    .. [1] A. Dosovitskiy et al. (2021), ICLR. :doi:`10.48550/arXiv.2010.11929`
    """

    def __init__(
        self,
        *,
        image_size=224,
        patch_size=32,
        n_layers=12,
        n_heads=12,
        n_hidden=768,
        n_mlp=3072,
        n_classes=1000,
    ):
        super().__init__()
        n_tokens = (image_size // patch_size) ** 2 + 1
        self.conv_proj = nn.Conv2d(3, n_hidden, patch_size, stride=patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, n_hidden))
        self.encoder = nn.Module()
        self.encoder.pos_embedding = nn.Parameter(
            torch.empty(1, n_tokens, n_hidden).normal_(std=0.02)
        )
        self.encoder.layers = nn.Sequential()
        for i in range(n_layers):
            block = EncoderBlock(n_hidden=n_hidden, n_heads=n_heads, n_mlp=n_mlp)
            self.encoder.layers.add_module(f"encoder_layer_{i}", block)
        self.encoder.ln = nn.LayerNorm(n_hidden, eps=1e-6)
        self.heads = nn.Sequential()
        self.heads.add_module("head", nn.Linear(n_hidden, n_classes))

    def forward(self, images):
        """Map normalised images (n_images, 3, size, size) to class scores."""
        patches = self.conv_proj(images).flatten(2).transpose(1, 2)
        first = self.class_token.expand(len(images), -1, -1)
        tokens = torch.cat([first, patches], dim=1) + self.encoder.pos_embedding
        tokens = self.encoder.ln(self.encoder.layers(tokens))
        return self.heads(tokens[:, 0])


def load_vit(weights):
    """Build a vision transformer from a state dict of torchvision's.

    Parameters
    ----------
    weights : mapping of str to array or Tensor
        Old files name the perceptron's layers ``linear_1`` and ``linear_2``. Sizes are
        read from the shapes; attention heads have 64 channels, as in all of
        torchvision's.

    Returns
    -------
    VisionTransformer
        Network.

    Raises
    ------
    ValueError
        If names or shapes are not those of such a network.
    """
    state = {}
    for name, value in weights.items():
        name = name.replace("mlp.linear_1.", "mlp.0.")
        state[name.replace("mlp.linear_2.", "mlp.3.")] = torch.as_tensor(value)
    try:
        n_hidden, _, patch_size, _ = state["conv_proj.weight"].shape
        n_tokens = state["encoder.pos_embedding"].shape[1]
        sizes = {
            "image_size": round((n_tokens - 1) ** 0.5) * patch_size,
            "patch_size": patch_size,
            "n_layers": sum(name.endswith("in_proj_weight") for name in state),
            "n_heads": max(1, n_hidden // 64),
            "n_hidden": n_hidden,
            "n_mlp": len(state["encoder.layers.encoder_layer_0.mlp.0.bias"]),
            "n_classes": len(state["heads.head.bias"]),
        }
        with torch.device("meta"):  # no need to draw what is replaced
            network = VisionTransformer(**sizes)
        network.load_state_dict(state, assign=True)
    except (KeyError, RuntimeError, ValueError) as exc:
        raise ValueError(
            f"weights do not fit a vision transformer: {str(exc)[:500]} Pass the state "
            "dict of torchvision's vit_b_32."
        ) from exc
    return network


class LayerTap(nn.Module):
    """Outputs of named layers of a network, flattened and side by side.

    Parameters
    ----------
    network : Module
        Network.
    layers : list of str
        Names of submodules; ``""`` is the network itself.
    mean, std : tuple of float
        Colour means and standard deviations that pixels in [0, 1] are normalised by.
    """

    def __init__(self, network, layers, mean, std):
        super().__init__()
        self.network = network
        self.layers = list(layers)
        self._sizes, self._digest = {}, None
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, -1, 1, 1))

    def outputs(self, images):
        """Return one tensor (n_images, n_features) per layer."""
        found = {}

        def keep(name):
            def hook(module, inputs, output):
                if isinstance(output, (tuple, list)):
                    output = output[0]
                found[name] = output.flatten(1).clone()  # next may work in place

            return hook

        modules = dict(self.network.named_modules())
        handles = [
            modules[name].register_forward_hook(keep(name)) for name in self.layers
        ]
        try:
            self.network((images - self.mean) / self.std)
        finally:
            for handle in handles:
                handle.remove()
        return [found[name] for name in self.layers]

    def count_features(self, image_size):
        """Count the features of each layer for images of a size, in pixels."""
        if image_size not in self._sizes:
            black = torch.zeros(1, 3, image_size, image_size, device=self.mean.device)
            with torch.inference_mode():
                outputs = self.outputs(black)
            self._sizes[image_size] = [output.shape[1] for output in outputs]
        return self._sizes[image_size]

    def digest(self):
        """Hash the network and its weights."""
        if self._digest is None:
            digest = hashlib.sha256(str(self.network).encode())
            for name, tensor in self.network.state_dict().items():
                digest.update(f"{name} {tuple(tensor.shape)};".encode())
                digest.update(np.ascontiguousarray(tensor.cpu().numpy()))
            self._digest = digest.hexdigest()
        return self._digest

    def forward(self, images):
        """Map images (n_images, 3, size, size) in [0, 1] to (n_images, n_features)."""
        return torch.cat(self.outputs(images), dim=1)
