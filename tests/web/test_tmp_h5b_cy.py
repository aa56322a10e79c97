from datetime import timedelta
import pytest
from tests.harness import Kitline, kitline
from tests.conftest import *  # noqa
AMY="+447700900101"
@pytest.fixture
async def demo(sqlite_url, secret_key, gazetteer):
    async with kitline(sqlite_url, secret_key, gazetteer, "demo") as line:
        yield line
async def said(demo,*texts):
    for t in texts:
        await demo.new_messages(); await demo.say(AMY,t)
    return [m.text for to,m,_ in await demo.new_messages() if to==AMY]
START=("Cymraeg","ie","dydy o ddim yn anadlu","nyxoid","na")
PUSH,SIDE="Gwthiwch yn galed ar y frest","ar ei ochr"
CASES=[("dim newid",PUSH),("yr un fath",PUSH),("dydy o ddim wedi deffro",PUSH),("nid yw'n anadlu eto",PUSH),
("roedd hi'n anadlu ond mae hi wedi stopio anadlu",PUSH),("mae o'n anadlu nawr",SIDE),("mae hi'n anadlu ond ddim yn deffro",SIDE),
("mae o wedi deffro","golli ei effaith"),("mae'r ambiwlans yma","Dywedwch wrth y criw"),("fydd yr heddlu yn dod","heddlu ddim yn dod"),
("ddylwn i ei roi mewn cawod","Dim bath na chawod"),("dim credyd","unrhyw un gerllaw ffonio 999"),("iawn","Dwi yma"),
("EFFRO","golli ei effaith"),("ANADLU",SIDE),("DDIM YN ANADLU",PUSH),("YMA","Dywedwch wrth y criw"),
("dio'm yn anadlu",PUSH),("di o'm yn anadlu",PUSH),("so fe'n anadlu",PUSH),("prin mae o'n anadlu",PUSH),("mae o'n anadlu'n araf",SIDE),("dyw e ddim yn meddwl ei fod o'n anadlu",PUSH),
("tydi hi ddim yn anadlu",PUSH),("mae hi'n gaspio",PUSH),("dwi ddim yn meddwl ei bod hi'n anadlu",PUSH),("mae hi wedi peidio ag anadlu",PUSH),("dydi o ddim yn effro ond mae o'n anadlu",SIDE),
("mae e wedi deffro ac mae'n siarad","golli ei effaith"),("dim ymateb o gwbl",PUSH),]
@pytest.mark.parametrize("text,reads",CASES)
async def test_after_dose(demo,text,reads):
    a=await said(demo,*START,"MEWN")
    assert any("Dos 1" in t for t in a),a
    b=await said(demo,text)
    assert any(reads in t for t in b),(text,b)
@pytest.mark.parametrize("text",["ydy'r ambiwlans yma eto","ydy'r ambiwlans yma","pryd mae'r ambiwlans yn dod","ydy'r parafeddygon yma","mae'r ambiwlans ar ei ffordd","dydyn nhw ddim yma","angen help yma","ble mae'r ambiwlans","does neb yma"])
async def test_no_help(demo,text):
    await said(demo,*START,"MEWN")
    b=await said(demo,text)
    assert b and not any("Dywedwch wrth y criw" in t for t in b),b
@pytest.mark.parametrize("text",["dwi heb ei roi","ddylwn i ei roi nawr","iawn","dwi wedi ei roi ar ei ochr","dwi ddim wedi ei roi","sut mae ei roi i mewn","aros","dwi wedi rhoi hi ar ei hochr"])
async def test_no_dose(demo,text):
    b=await said(demo,*START,text)
    assert not any("Dos 1" in t for t in b),b
@pytest.mark.parametrize("text",["MEWN","dwi wedi ei roi","mae'r dos i mewn","wedi'i roi","dwi wedi rhoi'r naloxone","do","1"])
async def test_dose(demo,text):
    b=await said(demo,*START,text)
    assert any("Dos 1" in t for t in b),b
async def test_more(demo):
    out=[]
    for t in ("Cymraeg","ie","mae fy ffrind wedi cymryd gormod ac mae wedi llewygu","bocs melyn","ydy","MEWN","EFFRO"):
        await demo.new_messages(); await demo.say(AMY,t)
        out.append(t); out+=["   < "+m.text+("  "+str(m.options) if getattr(m,'options',None) else "") for to,m,_ in await demo.new_messages() if to==AMY]
    await demo.wait(timedelta(minutes=5))
    out+=["   < "+m.text for to,m,_ in await demo.new_messages() if to==AMY]
    for t in ("mae o'n iawn","ETO","GWAG","YMA","wedyn"):
        await demo.new_messages(); await demo.say(AMY,t)
        out.append(t); out+=["   < "+m.text for to,m,_ in await demo.new_messages() if to==AMY]
    print("\n".join(out))
async def test_self(demo):
    out=[]
    for t in ("Cymraeg","ie","CYNGOR PRENOXAD","cyngor","2","DEWISLEN","AGOS Cleethorpes","DEFNYDDIO","na","gwella","2","ie","bocs melyn","ddoe","ffrind","Grimsby","na","na"):
        await demo.new_messages(); await demo.say(AMY,t)
        out.append(t); out+=["   < "+m.text for to,m,_ in await demo.new_messages() if to==AMY]
    print("\n".join(out))
@pytest.mark.parametrize("text,reads",[("heb ddeffro",PUSH),("dydy o ddim wedi deffro",PUSH),("mae e'n dal yn anymwybodol",PUSH),("mae hi'n anadlu ond heb ddeffro",SIDE)])
async def test_second(demo,text,reads):
    await said(demo,*START,"MEWN")
    b=await said(demo,text); assert any(reads in t for t in b),(text,b)
@pytest.mark.parametrize("text",["dydy hi ddim wedi deffro","dim ymateb","mae'n mynd eto","dydy o ddim yn ateb","mae hi wedi stopio anadlu"])
async def test_under(demo,text):
    await said(demo,*START,"MEWN","EFFRO")
    b=await said(demo,text); assert any("dos nesaf" in t or PUSH in t for t in b) and not any("golli ei effaith" in t for t in b),(text,b)
