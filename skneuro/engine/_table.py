"""Tables that equations look up: on numbers, arrays, tensors and traced values."""

import hashlib

import numpy as np

from skneuro.engine._math import _is_tensor, _torch, floor, maximum, minimum
from skneuro.engine._trace import Traced

__all__ = ["Table"]


class Table:
    """Columns on a uniform two-dimensional grid, looked up bilinearly.

    A query outside the grid is moved to the nearest edge.

    Parameters
    ----------
    values : array-like of shape (n_y, n_x, n_columns)
        Tabulated values.
    x, y : tuple of (float, float)
        First grid value and grid step of each axis.

    Raises
    ------
    ValueError
        If an axis has fewer than two values.

    Notes
    -----
    The interpolation is written in arithmetic around two primitives whose derivative
    is zero, ``floor`` and ``take``, so the derivative of a lookup comes by itself.
    Tables are equal if their values and grids are; they cannot be changed.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.engine import Table
    >>> y, x = np.mgrid[0.0:3.0, 0.0:4.0]
    >>> product = Table((x * y)[..., None], x=(0.0, 1.0), y=(0.0, 1.0))
    >>> [value] = product(1.5, 2.5)
    >>> float(value)
    3.75
    """

    def __init__(self, values, x, y):
        self.values = np.array(values, dtype=float, order="C")
        self.values.setflags(write=False)
        if self.values.ndim != 3 or min(self.values.shape[:2]) < 2:
            raise ValueError(
                f"a table needs values of shape (n_y >= 2, n_x >= 2, n_columns), got "
                f"{self.values.shape}."
            )
        self.x0, self.dx = x
        self.y0, self.dy = y
        self.n_y, self.n_x, self.n_columns = self.values.shape
        digest = hashlib.sha256(self.values.tobytes()).hexdigest()
        self._key = (self.values.shape, tuple(x), tuple(y), digest)
        self._tensors = {}

    def __eq__(self, other):
        return isinstance(other, Table) and self._key == other._key

    def __hash__(self):
        return hash(self._key)

    def __getstate__(self):
        """Leave the tensors behind."""
        return {**vars(self), "_tensors": {}}

    def __setstate__(self, state):
        """Take what was pickled."""
        vars(self).update(state)
        self.values.setflags(write=False)

    def __call__(self, y, x):
        """Return one value per column at the point ``(y, x)``."""
        u = minimum(maximum((x - self.x0) / self.dx, 0.0), self.n_x - 1.0)
        v = minimum(maximum((y - self.y0) / self.dy, 0.0), self.n_y - 1.0)
        i = minimum(floor(u), self.n_x - 2.0)
        j = minimum(floor(v), self.n_y - 2.0)
        along_x, along_y = u - i, v - j
        cell = j * float(self.n_x) + i
        columns = []
        for column in range(self.n_columns):
            corners = [
                self._corner(cell, column, offset)
                for offset in (0, 1, self.n_x, self.n_x + 1)
            ]
            low = corners[0] + along_x * (corners[1] - corners[0])
            high = corners[2] + along_x * (corners[3] - corners[2])
            columns.append(low + along_y * (high - low))
        return columns

    def _corner(self, cell, column, offset):
        if isinstance(cell, Traced):
            return cell.graph.node("take", self, cell, column, offset)
        if _is_tensor(cell):
            index = _torch().nan_to_num(cell.detach()).long() + offset
            return self._tensor(cell.dtype, cell.device)[column][index]
        return self.take(cell, column, offset)

    def _tensor(self, dtype, device):
        """Columns as a tensor, made once, (n_columns, n_y * n_x)."""
        key = (dtype, str(device))
        if key not in self._tensors:
            columns = self.values.reshape(-1, self.n_columns).T.copy()
            tensor = _torch().as_tensor(columns, dtype=dtype, device=device)
            self._tensors[key] = tensor
        return self._tensors[key]

    @property
    def n_stored(self):
        """Number of elements of `cells`."""
        return 16 * -(-self.n_columns // 4) * self.n_y * self.n_x

    def cells(self):
        """Return the values as kernels read them: the corners of a cell side by side.

        Each value stands four times, but a lookup reads two cache lines and no more.

        Returns
        -------
        ndarray of shape (n_stored,)
            Blocks of four columns, filled up with zeros, one after the other; in each
            the cells in the order of their first corners, with the four columns of the
            corners at (y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1). Zeros where the
            grid ends.
        """
        n_blocks = -(-self.n_columns // 4)
        padded = np.zeros((self.n_y + 1, self.n_x + 1, 4 * n_blocks))
        padded[:-1, :-1, : self.n_columns] = self.values
        corners = [
            padded[j : j + self.n_y, i : i + self.n_x] for j in (0, 1) for i in (0, 1)
        ]
        corners = np.stack(corners, axis=2)  # (n_y, n_x, 4, n_columns)
        blocks = corners.reshape(self.n_y * self.n_x, 4, n_blocks, 4)
        return blocks.transpose(2, 0, 1, 3).ravel()

    def take(self, cell, column, offset):
        """Return tabulated values of one column.

        Parameters
        ----------
        cell : array-like
            Flat index of grid points, as whole numbers; NaN counts as 0.
        column : int
            Column.
        offset : int
            What is added to the index.

        Returns
        -------
        ndarray
            Values, of the shape of ``cell``.
        """
        index = np.nan_to_num(np.asarray(cell, dtype=float)).astype(int) + offset
        return self.values.reshape(-1, self.n_columns)[index, column]
