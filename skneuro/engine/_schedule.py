"""The order of a kernel's operations: few values wait for their use at a time.

A large model has several times as many values as a processor has registers, and each
that does not fit costs a store and a load in every step.
"""


def schedule(outputs, operands):
    """Order the operations that compute some values.

    Next comes always the output with which the most values have served all their uses.
    Among the operands of an operation those come first that need the most registers
    (R. Sethi & J. D. Ullman, 1970, :doi:`10.1145/321607.321620`), and what can be
    computed and is the last use of a value follows at once.

    Parameters
    ----------
    outputs : list of hashable
        Values that are wanted in the end.
    operands : dict of {hashable: list of hashable}
        Operands of each operation, operations in any order that computes them.

    Returns
    -------
    list of hashable
        All operations, each after its operands.
    """
    return _Scheduler(outputs, operands).run()


class _Scheduler:
    def __init__(self, outputs, operands):
        self.wanted = [o for o in dict.fromkeys(outputs) if o in operands]
        self.operands = {
            node: [a for a in dict.fromkeys(args) if a in operands]
            for node, args in operands.items()
        }
        self.position = {node: i for i, node in enumerate(operands)}
        self.users = {node: [] for node in operands}
        self.registers = {}
        for node, args in self.operands.items():
            needs = sorted((self.registers[a] for a in args), reverse=True)
            self.registers[node] = max([1, *(n + i for i, n in enumerate(needs))])
            for a in args:
                self.users[a].append(node)
        self.done, self.order = set(), []

    def run(self):
        pending = list(self.wanted)
        while pending:
            output = max(pending, key=self.gain)
            pending.remove(output)
            self.compute(output)
        return self.order

    def gain(self, output):
        """Return how many more values have served than wait, if an output is computed.

        Then how few values that takes.
        """
        new = self.missing(output)
        done = self.done | new
        touched = new.union(*(self.operands[node] for node in new))
        served = sum(done.issuperset(self.users[n]) for n in touched if self.users[n])
        waiting = sum(not done.issuperset(self.users[node]) for node in new)
        return served - waiting, -len(new)

    def missing(self, node):
        """Return what is still to be computed for a value, itself included."""
        found, stack = set(), [node]
        while stack:
            node = stack.pop()
            if node not in self.done and node not in found:
                found.add(node)
                stack += self.operands[node]
        return found

    def compute(self, node):
        """Compute a value after its operands."""
        stack = [node]
        while stack:
            node = stack[-1]
            missing = [a for a in self.operands[node] if a not in self.done]
            if node in self.done or not missing:
                stack.pop()
                if node not in self.done:
                    self.append(node)
            else:
                stack.append(max(missing, key=self.registers.__getitem__))

    def append(self, node):
        """Compute a value whose operands are known, and the last uses that follow."""
        self.done.add(node)
        self.order.append(node)
        recent = [node]
        while recent:
            node = recent.pop()
            near = {u for a in (node, *self.operands[node]) for u in self.users[a]}
            for user in sorted(near - self.done, key=self.position.__getitem__):
                if self.is_last_use(user):
                    self.done.add(user)
                    self.order.append(user)
                    recent.append(user)

    def is_last_use(self, node):
        """Whether a value can be computed and is the last use of an operand."""
        operands = self.operands[node]
        after = self.done | {node}
        return self.done.issuperset(operands) and any(
            a not in self.wanted and after.issuperset(self.users[a]) for a in operands
        )
