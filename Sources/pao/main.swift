print("pao")
