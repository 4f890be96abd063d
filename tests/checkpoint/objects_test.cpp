// Objects in checkpoints: data where they are data, inert records where they are not, refused where a reader would run something.
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/checkpoint/describe.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/pickle/pickle_names.h"

namespace ballast::testing {
namespace {

using checkpoint::NameKind;

const std::string kObjects = "checkpoints/objects/";

TEST(Objects, AreKeptAsWhatTheyHold) {
  int values = 0;
  for (const Json& e : read_json(kObjects + "expected.json")) {
    const std::string file = e["file"];
    SCOPED_TRACE(file);
    const auto c = load(data_path(kObjects + file));
    if (e.contains("tensors")) {
      for (const Json& name : e["tensors"]) {
        EXPECT_EQ(c.tensors().at(0).name, name.get<std::string>());
        EXPECT_TRUE(c.state_dict().contains(name.get<std::string>()));
      }
    } else if (!e["value"].is_null()) {
      const Json ours = describe(c)["tree"]["items"][0][1];
      EXPECT_EQ(nlohmann::json::parse(ours.dump()), nlohmann::json::parse(e["value"].dump()));
      ++values;
    }
  }
  std::cout << "[ cases ] " << values << " values of " << kObjects << "expected.json\n";
  EXPECT_GT(values, 60);
}

TEST(Objects, WithTheOptionOnlyPlainDataIsRead) {
  int refused = 0;
  int read = 0;
  for (const Json& e : read_json(kObjects + "expected.json")) {
    const std::string file = e["file"];
    if (e.contains("tensors")) continue;
    const bool plain = !e["value"].is_null() && e["value"]["t"] != "object" && e["value"]["t"] != "name";
    if (plain) {
      EXPECT_NO_THROW(static_cast<void>(load(data_path(kObjects + file), {.refuse_objects = true}))) << file;
      ++read;
    } else if (!file.starts_with("np_")) {
      EXPECT_THROW(static_cast<void>(load(data_path(kObjects + file), {.refuse_objects = true})), FormatError)
          << file;
      ++refused;
    }
  }
  std::cout << "[ cases ] " << read << " read, " << refused << " refused\n";
}

TEST(Names, AreJudgedByTheirTextAlone) {
  struct Case {
    const char *module, *name;
    NameKind kind;
  };
  const Case cases[] = {
      {"torch.nn.modules.linear", "Linear", NameKind::kClass},
      {"fixture_net", "Net", NameKind::kClass},
      {"__main__", "Net", NameKind::kClass},
      {"__main__", "Net.Inner", NameKind::kClass},
      {"package", "_Private", NameKind::kClass},
      {"argparse", "Namespace", NameKind::kClass},
      {"torch.nn.functional", "relu", NameKind::kFunction},
      {"torch", "hub.load", NameKind::kFunction},
      {"torch.utils.cpp_extension", "load", NameKind::kFunction},
      {"numpy.testing._private.utils", "runstring", NameKind::kFunction},
      {"builtins", "int", NameKind::kType},
      {"builtins", "eval", NameKind::kForbidden},
      {"__builtin__", "getattr", NameKind::kForbidden},
      {"os", "system", NameKind::kForbidden},
      {"posix", "system", NameKind::kForbidden},
      {"nt", "system", NameKind::kForbidden},
      {"subprocess", "Popen", NameKind::kForbidden},
      {"commands", "getoutput", NameKind::kForbidden},
      {"importlib", "import_module", NameKind::kForbidden},
      {"importlib.machinery", "SourceFileLoader", NameKind::kForbidden},
      {"torch", "os.system", NameKind::kForbidden},
      {"torch.serialization", "os.system", NameKind::kForbidden},
      {"torch._utils", "subprocess.Popen", NameKind::kForbidden},
      {"fixture_net", "Net.__init__.__globals__", NameKind::kForbidden},
      {"pip", "main", NameKind::kForbidden},
      {"", "Net", NameKind::kForbidden},
      {"net", "", NameKind::kForbidden},
      {"a b", "Net", NameKind::kForbidden},
      {"net", "N\x1b[2J", NameKind::kForbidden},
      {"types", "CodeType", NameKind::kForbidden},
      {"code", "InteractiveInterpreter", NameKind::kForbidden},
  };
  for (const Case& c : cases)
    EXPECT_EQ(checkpoint::judge(c.module, c.name), c.kind) << c.module << " " << c.name;
  std::cout << "[ cases ] " << std::size(cases) << " names\n";
}

std::string message_of(const std::string& body) {
  const TemporaryFolder folder;
  try {
    static_cast<void>(load(folder.file("a.pth", checkpoint_of(pickle(body)))));
  } catch (const Error& e) {
    return e.what();
  }
  return "loaded";
}

TEST(Objects, WhatWouldRunSomethingIsRefused) {
  const std::pair<std::string, const char*> cases[] = {
      {global("torch.hub", "load") + text("x") + "\x85R", "the file calls torch.hub.load"},
      {global("torch.hub", "load") + text("x") + "\x85\x81", "the file calls torch.hub.load"},
      {"(" + text("x") + "itorch.hub\nload\n", "the file calls torch.hub.load"},
      {"(" + global("torch.hub", "load") + text("x") + "o", "the file calls torch.hub.load"},
      {global("their", "Net") + ")\x81" + "}b}b", "a second state"},
      {global("copy_reg", "_reconstructor") + "(" + global("torch.hub", "load") +
           global("__builtin__", "object") + "NtR",
       "should be one of an object that is data"},
      {global("their", "Net") + "}" + text("a") + "K\1s" + "R", "arguments should be a tuple"},
      {global("torch._tensor", "_rebuild_from_type_v2") + "(" + global("torch.hub", "load") +
           global("their", "T") + ")}tR",
       "should be one that makes a tensor"},
  };
  for (const auto& [body, says] : cases)
    EXPECT_NE(message_of(body).find(says), std::string::npos) << message_of(body);
  EXPECT_EQ(message_of(global("their", "Net") + ")\x81"), "loaded");
  EXPECT_EQ(message_of(global("their", "Net") + ")}\x92"), "loaded");
  EXPECT_EQ(message_of(global("torch.hub", "load")), "loaded") << "only named";
  std::cout << "[ cases ] " << std::size(cases) + 3 << " pickles\n";
}

TEST(Objects, AModuleInManyPlacesHasABoundedStateDict) {
  // 100 modules, each twice in the next: 2^100 names.
  const auto module = [](const std::string& parameters, const std::string& modules) {
    return global("their", "Net") + ")\x81}(" + text("_parameters") + "}" + parameters + text("_buffers") +
           "}" + text("_modules") + "}" + modules + "ub";
  };
  std::string body = module(text("w") + tensor(1, {1}, {1}) + "s", "") + "q" + std::string(1, '\0');
  for (int i = 0; i < 100; ++i) {
    const std::string before = std::string("h") + static_cast<char>(i);
    body += "0" + module("", "(" + text("a") + before + text("b") + before + "u") + "q" +
            static_cast<char>(i + 1);
  }
  const TemporaryFolder folder;
  const auto c = load(folder.file("bomb.pth", checkpoint_of(pickle(body), {"1234"})));
  EXPECT_TRUE(c.root().is_module());
  EXPECT_FALSE(c.all_tensors_listed());
  EXPECT_THROW(static_cast<void>(c.state_dict()), LimitError);
}

}  // namespace
}  // namespace ballast::testing
