"""From the arguments of a call to parameters by name, and back: made once for each function."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from windlass.exceptions import ParameterBindError, ReservedArgumentError, SignatureMismatchError

Parameters: TypeAlias = dict[str, Any]
"""What a function is called with, by name; `*args` is a tuple and `**kwargs` a dict in it."""

_PLAIN: Final = inspect.Parameter.POSITIONAL_OR_KEYWORD


class Binder:
    """Binds calls of one function. `skip_first` leaves out the parameter that a method is bound to.

    The common call, plain parameters and nothing wrong, takes about a microsecond; every other
    goes through `inspect`, which also words the errors.
    """

    __slots__ = ("_keyword_only", "_name", "_plain", "_positional", "_star", "_stars", "defaults",
                 "signature")  # fmt: skip

    def __init__(self, function: Callable[..., Any], *, skip_first: bool = False) -> None:
        signature = inspect.signature(function)
        if skip_first:
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        self._name = getattr(function, "__qualname__", repr(function))
        self.signature = signature
        self.defaults: Mapping[str, Any] = {
            name: parameter.default
            for name, parameter in signature.parameters.items()
            if parameter.default is not inspect.Parameter.empty
        }
        self._positional = self._names(_PLAIN, inspect.Parameter.POSITIONAL_ONLY)
        self._keyword_only = self._names(inspect.Parameter.KEYWORD_ONLY)
        self._star = self._names(inspect.Parameter.VAR_POSITIONAL)
        self._stars = self._names(inspect.Parameter.VAR_KEYWORD)
        self._plain = self._names(_PLAIN) == tuple(signature.parameters)

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, with_defaults: bool = True
    ) -> Parameters:
        """The parameters of a call, in the order of the signature.

        Raises ParameterBindError for arguments that the function does not take.
        """
        if self._plain and with_defaults:
            parameters = self._bind_plain(args, kwargs)
            if parameters is not None:
                return parameters
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ParameterBindError(
                f"{self._name}{self.signature} cannot be called so: {error}."
            ) from None
        if with_defaults:
            bound.apply_defaults()
        return dict(bound.arguments)

    def arguments(self, parameters: Parameters) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The positional and keyword arguments that pass `parameters` to the function.

        Raises SignatureMismatchError when a parameter is missing or the function has no such one.
        """
        self._check(parameters)
        args = tuple(
            parameters[name] if name in parameters else self.defaults[name]
            for name in self._positional
        )
        if self._plain:
            return args, {}
        kwargs = {name: parameters[name] for name in self._keyword_only if name in parameters}
        for name in self._star:
            args += tuple(parameters.get(name, ()))
        for name in self._stars:
            kwargs |= parameters.get(name, {})
        return args, kwargs

    def spread(self, parameters: Parameters) -> Parameters:
        """`parameters` with what is in `**kwargs` moved to the top."""
        for name in self._stars:
            rest = parameters.get(name, {})
            parameters = {k: v for k, v in parameters.items() if k != name} | rest
        return parameters

    def gather(self, parameters: Parameters) -> Parameters:
        """`parameters` with what the signature does not name moved into `**kwargs`."""
        for star in self._stars:
            named = {k: v for k, v in parameters.items() if k in self.signature.parameters}
            rest = {k: v for k, v in parameters.items() if k not in named}
            parameters = named | {star: named.get(star, {}) | rest}
        return parameters

    def refuse(self, reserved: Iterable[str]) -> None:
        """Raise ReservedArgumentError if the function has a parameter of one of these names."""
        for name in reserved:
            if name in self.signature.parameters:
                raise ReservedArgumentError(
                    f"{self._name}: Windlass needs the name {name!r}; rename the parameter."
                )

    def _names(self, *kinds: Any) -> tuple[str, ...]:
        return tuple(p.name for p in self.signature.parameters.values() if p.kind in kinds)

    def _bind_plain(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Parameters | None:
        if len(args) == len(self._positional) and not kwargs:
            return dict(zip(self._positional, args, strict=True))
        given = dict(zip(self._positional, args, strict=False))
        if len(given) < len(args) or not given.keys().isdisjoint(kwargs):
            return None
        merged = {**self.defaults, **given, **kwargs}
        if merged.keys() != self.signature.parameters.keys():
            return None
        return {name: merged[name] for name in self._positional}

    def _check(self, parameters: Parameters) -> None:
        if self._plain and parameters.keys() == self.signature.parameters.keys():
            return
        if unknown := parameters.keys() - self.signature.parameters.keys():
            raise SignatureMismatchError(
                f"{self._name}{self.signature} has no parameter {', '.join(sorted(unknown))}."
            )
        needed = (*self._positional, *self._keyword_only)
        if missing := [n for n in needed if n not in parameters and n not in self.defaults]:
            raise SignatureMismatchError(f"{self._name} needs a value for {', '.join(missing)}.")
