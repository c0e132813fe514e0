from veloz_tui.cli import main

main()
