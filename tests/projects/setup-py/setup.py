from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent

setup(
    name="quotes",
    version=(here / "VERSION").read_text().strip(),
    description="A quote a day",
    long_description=(here / "README.md").read_text(),
    packages=find_packages(),
    package_data={"quotes": ["*.txt"]},
    install_requires=open("requirements.txt").read().splitlines(),
    python_requires=">=3.9",
    entry_points={"console_scripts": ["quotes = quotes.__main__:main"]},
)
