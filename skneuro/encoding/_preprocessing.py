"""Cropping and antialiased resizing, as the published models were trained."""

import numpy as np

SQUARE = ("crop", "pad", "stretch", "raise")


def crop_centre(images, size):
    """Cut out the centre, as torchvision does.

    Parameters
    ----------
    images : ndarray or Tensor of shape (..., height, width)
        At least as large as ``size``.
    size : int
        Height and width of the result.

    Returns
    -------
    ndarray or Tensor of shape (..., size, size)
        A view.
    """
    height, width = images.shape[-2:]
    top, left = round((height - size) / 2), round((width - size) / 2)
    return images[..., top : top + size, left : left + size]


def make_square(images, square):
    """Make images square.

    Parameters
    ----------
    images : ndarray of shape (..., height, width)
        uint8.
    square : {"crop", "pad", "stretch", "raise"}
        Cut out the centre, add black, leave to the resizing, or refuse.

    Returns
    -------
    ndarray of shape (..., size, size)
        Images; unchanged with ``"stretch"``.

    Raises
    ------
    ValueError
        If they are not square and ``square="raise"``.
    """
    height, width = images.shape[-2:]
    if height == width or square == "stretch":
        return images
    if square == "raise":
        raise ValueError(
            f"images have {height} rows and {width} columns; expected square images. "
            "Pass square='crop', 'pad' or 'stretch'."
        )
    if square == "crop":
        return crop_centre(images, min(height, width))
    size = max(height, width)
    padded = np.zeros((*images.shape[:-2], size, size), images.dtype)
    top, left = (size - height) // 2, (size - width) // 2
    padded[..., top : top + height, left : left + width] = images
    return padded


def resize_bytes(images, height, width):
    """Resize by bilinear interpolation with antialiasing, rounded to whole levels.

    Parameters
    ----------
    images : ndarray of shape (n_images, n_channels, old_height, old_width)
        uint8.
    height, width : int
        New size.

    Returns
    -------
    ndarray of shape (n_images, n_channels, height, width)
        uint8; half levels are rounded to the even one.
    """
    if images.shape[-2:] == (height, width):
        return images
    import torch

    pixels = torch.from_numpy(images.astype(np.float32))
    pixels = torch.nn.functional.interpolate(
        pixels, (height, width), mode="bilinear", antialias=True, align_corners=False
    )
    return pixels.round_().clamp_(0, 255).to(torch.uint8).numpy()


def resize_and_crop(images, resize, crop):
    """Resize the shorter side, then cut out the centre.

    Parameters
    ----------
    images : ndarray of shape (n_images, n_channels, old_height, old_width)
        uint8.
    resize : int
        New length of the shorter side.
    crop : int
        Height and width of the result, at most ``resize``.

    Returns
    -------
    ndarray of shape (n_images, n_channels, crop, crop)
        uint8.
    """
    height, width = images.shape[-2:]
    if height <= width:
        new = resize, int(resize * width / height)
    else:
        new = int(resize * height / width), resize
    return crop_centre(resize_bytes(images, *new), crop)


def prepare(batch, size, *, square="crop", resize=None):
    """Bring a batch of images to the size of a network.

    Parameters
    ----------
    batch : ndarray of shape (n_images, 3, height, width), or list of (3, height, width)
        uint8.
    size : int
        Height and width that the network takes.
    square : {"crop", "pad", "stretch", "raise"}, default="crop"
        What to do with images that are not square.
    resize : int, default=None
        Resize the shorter side to this, then cut out the centre. None resizes the
        whole square.

    Returns
    -------
    ndarray of shape (n_images, 3, size, size)
        uint8.
    """
    if isinstance(batch, list):
        parts = [prepare(b[None], size, square=square, resize=resize) for b in batch]
        return np.concatenate(parts)
    if resize is None:
        return resize_bytes(make_square(batch, square), size, size)
    if square != "crop":  # cropping comes after resizing anyway
        batch = make_square(batch, square)
        if square == "stretch":
            return crop_centre(resize_bytes(batch, resize, resize), size)
    return resize_and_crop(batch, resize, size)
