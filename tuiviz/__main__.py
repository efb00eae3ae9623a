"""python -m tuiviz"""

from tuiviz.cli import main

main()
