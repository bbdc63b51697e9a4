terraform {
  backend "s3" {
    key = "say \"hi\" & 'ho' \\ back $${var.x} %%{ if y } {{fields.z}} {% raw %} $$${q}\n*bold* _it_ -s- h1. {code}x{code} [l|http://x] !i.png! {\"json\": [1]} <b>t</b> `c` | # @ é 漢 😀"
  }
}

module "aws" {
  source = "corp/x/aws"
  text = "say \"hi\" & 'ho' \\ back $${var.x} %%{ if y } {{fields.z}} {% raw %} $$${q}\n*bold* _it_ -s- h1. {code}x{code} [l|http://x] !i.png! {\"json\": [1]} <b>t</b> `c` | # @ é 漢 😀"
  mixed = "<say \"hi\" & 'ho' \\ back $${var.x} %%{ if y } {{fields.z}} {% raw %} $$${q}\n*bold* _it_ -s- h1. {code}x{code} [l|http://x] !i.png! {\"json\": [1]} <b>t</b> `c` | # @ é 漢 😀>"
  list = ["say \"hi\" & 'ho' \\ back $${var.x} %%{ if y } {{fields.z}} {% raw %} $$${q}\n*bold* _it_ -s- h1. {code}x{code} [l|http://x] !i.png! {\"json\": [1]} <b>t</b> `c` | # @ é 漢 😀", "b"]
  object = {
    "k" = "say \"hi\" & 'ho' \\ back $${var.x} %%{ if y } {{fields.z}} {% raw %} $$${q}\n*bold* _it_ -s- h1. {code}x{code} [l|http://x] !i.png! {\"json\": [1]} <b>t</b> `c` | # @ é 漢 😀"
  }
}
