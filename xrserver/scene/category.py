"""What a file is, told from its path alone: source, tests, documentation, configuration …

The rules, first match wins: a directory that holds other people's work or generated files, one of
tests, one of documentation; a well-known name; the name's ending.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import Category
from xrserver.history.index import PathTree

_C = Category

_DIRECTORIES: dict[bytes, Category] = {
    **dict.fromkeys(b"""
        vendor vendored vendors third_party third-party thirdparty 3rdparty node_modules
        bower_components external externals extern deps site-packages""".split(),
                    _C.VENDORED),
    **dict.fromkeys(b"""
        test tests testing testsuite test-suite testdata test_data spec specs __tests__ e2e fixtures
        __fixtures__ __snapshots__ t unittests unit_tests integration_tests""".split(),
                    _C.TEST),
    **dict.fromkeys(b"doc docs documentation man manual manuals examples_doc website".split(),
                    _C.DOCUMENTATION),
    **dict.fromkeys(b".github .gitlab .circleci .ci ci .azure-pipelines .buildkite".split(),
                    _C.BUILD),
}

_NAMES: dict[bytes, Category] = {
    **dict.fromkeys(b"""
        makefile gnumakefile cmakelists.txt dockerfile containerfile jenkinsfile rakefile gemfile
        justfile build.gradle settings.gradle build.gradle.kts pom.xml build.xml meson.build
        meson_options.txt configure.ac configure.in configure aclocal.m4 sconstruct sconscript
        wscript build build.bazel workspace module.bazel setup.py hatch_build.py noxfile.py tox.ini
        .travis.yml appveyor.yml .gitlab-ci.yml gruntfile.js gulpfile.js webpack.config.js
        vite.config.ts rollup.config.js build.rs build.zig
        flake.nix default.nix shell.nix""".split(),
                    _C.BUILD),
    **dict.fromkeys(b"""
        package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock
        poetry.lock pipfile.lock pdm.lock uv.lock cargo.lock go.sum gemfile.lock composer.lock
        mix.lock pubspec.lock podfile.lock package.resolved flake.lock conan.lock""".split(),
                    _C.VENDORED),
    **dict.fromkeys(b"""
        readme license licence copying copying.lesser authors contributors contributing changelog
        changes news history install todo credits notice security maintainers codeowners
        code_of_conduct thanks""".split(),
                    _C.DOCUMENTATION),
    **dict.fromkeys(b"""
        pyproject.toml package.json cargo.toml go.mod composer.json tsconfig.json setup.cfg pipfile
        requirements.txt manifest.in""".split(),
                    _C.CONFIGURATION),
}

_ENDINGS: dict[bytes, Category] = {
    **dict.fromkeys(b"""
        c h cc cpp cxx hpp hh hxx inl m mm py pyi pyx pxd rb rs go java kt kts scala groovy clj cljs
        js jsx mjs cjs ts tsx mts cts vue svelte php pl pm t raku lua r jl swift dart ex exs erl hrl
        hs lhs ml mli fs fsx fsi cs vb pas pp f f90 f95 for ada adb ads asm s nim zig v sv vhd vhdl
        d cr lisp lsp el scm rkt sh bash zsh fish ps1 bat cmd tcl awk sed sql glsl vert frag comp
        hlsl metal wgsl cu cuh cl proto thrift graphql html htm xhtml css scss sass less jinja j2
        tmpl ejs erb haml gd qml ino sol wat cob bas""".split(),
                    _C.SOURCE),
    **dict.fromkeys(b"""
        md markdown rst txt adoc asciidoc org tex texi texinfo pod rdoc pdf doc docx odt rtf 1 2 3 4
        5 6 7 8 ipynb bib""".split(),
                    _C.DOCUMENTATION),
    **dict.fromkeys(b"""
        toml yaml yml ini cfg conf config properties env editorconfig gitignore gitattributes
        gitmodules mailmap json5 jsonc plist xcconfig desktop service lock npmrc nvmrc rc""".split(),
                    _C.CONFIGURATION),
    **dict.fromkeys(b"""
        json csv tsv xml xsd dtd dat data bin db sqlite parquet npy npz h5 hdf5 arrow feather pb po
        pot mo geojson gpx rdf ttl log diff patch zip gz bz2 xz tar tgz 7z jar whl pem crt key""".split(),
                    _C.DATA),
    **dict.fromkeys(b"""
        png jpg jpeg gif bmp tif tiff webp avif ico icns svg eps psd ai xcf ttf otf woff woff2 eot
        wav mp3 ogg oga flac aac mid mp4 webm mov avi ogv obj fbx gltf glb stl blend dae 3ds usd
        usdz tga dds exr hdr ktx ktx2 swf""".split(),
                    _C.ASSET),
    **dict.fromkeys(b"""
        mk mak cmake am in ac m4 gradle bazel bzl ninja sln vcxproj csproj fsproj vbproj pbxproj pro
        pri gyp gypi gemspec podspec cabal nix spec nuspec dockerfile make""".split(),
                    _C.BUILD),
}


#: Names that programs give to what they write: minified, source maps, protocol buffers, designers.
_GENERATED = re.compile(rb"\.min\.(?:js|mjs|css)$|\.(?:js|css)\.map$|_pb2(?:_grpc)?\.pyi?$|"
                        rb"\.pb(?:\.gw)?\.go$|_grpc\.pb\.go$|\.pb\.(?:cc|h|swift|dart)$|_pb\.(?:js|ts|d\.ts)$|\.g(?:r|en)?\.dart$|"
                        rb"\.designer\.cs$|\.g\.cs$|\.generated\.[^.]+$|\.freezed\.dart$")

#: How the names of tests begin and end, before the ending.
_TEST_NAME = re.compile(rb"^(test[_-].*|test|conftest)$|([._-](test|spec)|tests)$")


def category_of_directory(name: bytes) -> Category | None:
    """Return what everything in a directory called `name` is; None when it says nothing."""
    return _DIRECTORIES.get(name.lower())


def category_of_name(name: bytes) -> Category:
    """Return what a file called `name` is, in a directory that says nothing."""
    name = name.lower()
    known = _NAMES.get(name)
    if known is not None:
        return known
    if _GENERATED.search(name):
        return _C.VENDORED
    stem, dot, ending = name.rpartition(b".")
    if not dot or not stem:
        stem, ending = name, name.lstrip(b".") if name.startswith(b".") else b""
    category = _ENDINGS.get(ending, _C.CONFIGURATION if name.startswith(b".") else _C.OTHER)
    if category is not _C.SOURCE and _NAMES.get(stem) is _C.DOCUMENTATION:
        return _C.DOCUMENTATION
    return _C.TEST if category is _C.SOURCE and _TEST_NAME.search(stem) else category


def category_of(path: bytes) -> Category:
    """Return what the file at `path` (git's bytes, ``/`` between segments) is."""
    *directories, name = path.split(b"/")
    for directory in directories:
        category = category_of_directory(directory)
        if category is not None:
            return _within(category, name)
    return category_of_name(name)


def _within(directory: Category, name: bytes) -> Category:
    """Return what `name` is in a directory of a category: pictures in documentation stay pictures."""
    own = category_of_name(name)
    if directory is _C.DOCUMENTATION:
        return own if own in (_C.ASSET, _C.BUILD, _C.VENDORED) else directory
    return own if own is _C.VENDORED else directory


def categories(paths: PathTree, files: NDArray[np.bool_],
               vendored: NDArray[np.int8] | None = None) -> NDArray[np.uint8]:
    """Return the `Category` of every path of a tree as a file, in one pass from the root.

    Parameters
    ----------
    files : (n_paths,) bool
        Paths that were ever a file; others get DISTRICT.
    vendored : (n_paths,) int8, optional
        1: others wrote it, or a program. -1: neither, whatever its path says. 0: its path says.

    Returns
    -------
    (n_paths,) uint8
    """
    names, offsets = paths.bytes.tobytes(), paths.offsets.tolist()
    parents, is_file = paths.parent.tolist(), files.tolist()
    inside: list[Category | None] = [None] * len(parents)
    result = bytearray(len(parents))
    for path in range(1, len(parents)):
        name = names[offsets[path]:offsets[path + 1]]
        around = inside[parents[path]]
        inside[path] = around if around is not None else _DIRECTORIES.get(name.lower())
        if is_file[path]:
            result[path] = _within(around, name) if around is not None else category_of_name(name)
    if vendored is not None:
        for path in np.flatnonzero(files & (vendored != 0)).tolist():
            if vendored[path] > 0:
                result[path] = _C.VENDORED
            elif result[path] == _C.VENDORED:
                own = category_of_name(names[offsets[path]:offsets[path + 1]])
                result[path] = _C.SOURCE if own is _C.VENDORED else own
    return np.frombuffer(bytes(result), np.uint8)
