// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/model_config.h"

#include "model/ingest/text.h"
#include "model/ingest/whole_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace isobar::ingest {
namespace {

using Json = nlohmann::json;

/// The fields of one configuration, each checked; the first thing wrong is kept.
class Fields {
public:
    Fields(const Json& json, std::string file)
        : m_json(json)
        , m_file(std::move(file))
    {
    }

    [[nodiscard]] bool has(const char* key) const
    {
        const auto at = m_json.find(key);
        return at != m_json.end() && !at->is_null();
    }

    /// A whole number from 1 to 10 million; `otherwise` when it is absent, an error when that is 0.
    std::int32_t count(const char* key, std::int32_t otherwise = 0)
    {
        if (!has(key)) {
            if (otherwise <= 0) {
                fail(fmt::format("has no {}", key), "");
            }
            return otherwise;
        }
        const Json& value = m_json[key];
        if (!value.is_number_integer() || value.get<double>() < 1 || value.get<double>() > 1e7) {
            fail(fmt::format("{} is not a whole number from 1 to 10 million", key), clipped(value.dump()));
            return std::max(1, otherwise);
        }
        return value.get<std::int32_t>();
    }

    /// The same where 0 or absent means none.
    std::int32_t optionalCount(const char* key)
    {
        return has(key) && m_json[key].is_number_integer() && m_json[key].get<double>() == 0 ? 0
               : has(key)                                                                    ? count(key)
                                                                                             : 0;
    }

    std::int32_t firstOf(std::initializer_list<const char*> keys)
    {
        for (const char* key : keys) {
            if (has(key)) {
                return optionalCount(key);
            }
        }
        return 0;
    }

    [[nodiscard]] bool flag(const char* key) const { return has(key) && m_json[key].is_boolean() && m_json[key]; }

    void fail(std::string message, std::string text)
    {
        if (!m_error) {
            m_error = Error{.code = ErrorCode::InvalidValue,
                            .message = std::move(message),
                            .file = m_file,
                            .text = std::move(text)};
        }
    }

    [[nodiscard]] const std::optional<Error>& error() const { return m_error; }
    [[nodiscard]] const Json& json() const { return m_json; }

private:
    const Json& m_json;
    std::string m_file;
    std::optional<Error> m_error;
};

/// Why the serving model cannot tell this architecture's times, or nothing.
std::string notUnderstood(const Fields& f)
{
    if (f.has("layer_types")) {
        for (const Json& type : f.json()["layer_types"]) {
            if (type != "full_attention") {
                return fmt::format("{} layers", type.is_string() ? clipped(type.get<std::string>()) : "unknown");
            }
        }
    }
    for (const char* key : {"hybrid_override_pattern", "layers_block_type", "ssm_state_size", "mamba_num_heads"}) {
        if (f.has(key)) {
            return "state-space layers";
        }
    }
    if (f.has("index_topk") || f.has("compress_ratios")) {
        return "sparse attention";
    }
    if (f.has("sliding_window") && !(f.has("use_sliding_window") && !f.flag("use_sliding_window"))) {
        return "sliding-window attention";
    }
    if (f.has("interleave_moe_layer_step") || f.has("moe_layers") || f.has("moe_layers_enum")) {
        return "layers that differ in their experts";
    }
    return {};
}

std::string normalised(std::string_view path)
{
    const std::size_t slash = path.rfind('/');
    std::string name = lowercase(slash == std::string_view::npos ? path : path.substr(slash + 1));
    if (name.starts_with("meta-")) {
        name.erase(0, 5);
    }
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view ending : {"-instruct", "-base", "-fp8", "-nvfp4", "-static-pertensor"}) {
            if (name.size() > ending.size() && name.ends_with(ending)) {
                name.resize(name.size() - ending.size());
                again = true;
            }
        }
    }
    return name;
}

} // namespace

Result<ServedModel> readModelConfig(const std::filesystem::path& path, const std::string& name)
{
    ISOBAR_TRY_ASSIGN(const std::string text, readWholeFile(path, 4 << 20));
    const Json document = Json::parse(text, nullptr, false);
    if (!document.is_object()) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is not a JSON object",
                     .advice = "give the config.json a model is published with",
                     .file = path.string()};
    }
    const bool isNested = document.contains("text_config") && document["text_config"].is_object();
    Fields f(isNested ? document["text_config"] : document, path.string());
    if (const std::string why = notUnderstood(f); !why.empty()) {
        return Error{.code = ErrorCode::Infeasible,
                     .message = fmt::format("{} has {}, which the serving model does not know", name, why),
                     .file = path.string()};
    }

    ServedModel m;
    m.name = name;
    m.runtimes = {"cuda"};
    m.layers = f.count("num_hidden_layers");
    m.hiddenSize = f.count("hidden_size");
    m.attentionHeads = f.count("num_attention_heads");
    m.kvHeads = f.count("num_key_value_heads", m.attentionHeads);
    const double layers = m.layers, h = m.hiddenSize, heads = m.attentionHeads;

    double attention = 0; // parameters of one layer
    if (f.has("kv_lora_rank")) {
        const double latent = f.count("kv_lora_rank"), rope = f.count("qk_rope_head_dim"),
                     nope = f.count("qk_nope_head_dim"), value = f.count("v_head_dim");
        const double queryRank = f.optionalCount("q_lora_rank");
        const double query = heads * (nope + rope);
        attention = (queryRank > 0 ? h * queryRank + queryRank * query : h * query) + h * (latent + rope) +
                    latent * heads * (nope + value) + heads * value * h;
        // Scores run over nope + rope values, their use over `value`: the mean is what a plain head would have.
        m.headDimension = static_cast<std::int32_t>((nope + rope + value) / 2);
        m.kvValuesPerToken = layers * (latent + rope);
    } else {
        m.headDimension = f.count("head_dim", std::max(1, m.hiddenSize / std::max(1, m.attentionHeads)));
        const double d = m.headDimension;
        attention = 2 * h * heads * d + 2 * h * m.kvHeads * d + (f.flag("attn_output_gate") ? h * heads * d : 0);
        m.kvValuesPerToken = 2 * layers * m.kvHeads * d;
    }

    const double embedding = double{1} * f.count("vocab_size") * h;
    double total = embedding * (f.flag("tie_word_embeddings") ? 1 : 2) + layers * attention;
    const double lookedUp = f.flag("tie_word_embeddings") ? 0 : embedding; // a token reads one row of the table
    m.experts = f.firstOf({"n_routed_experts", "num_local_experts", "num_experts"});
    if (m.experts > 0) {
        m.expertsPerToken = f.count("num_experts_per_tok");
        const double dense = f.optionalCount("first_k_dense_replace");
        // Where one width is given it is that of an expert.
        const double width =
            f.has("moe_intermediate_size") ? f.count("moe_intermediate_size") : f.count("intermediate_size");
        const double shared = f.has("shared_expert_intermediate_size")
                                  ? f.optionalCount("shared_expert_intermediate_size")
                                  : f.optionalCount("n_shared_experts") * width;
        if (dense >= layers || m.expertsPerToken > m.experts) {
            f.fail("has more dense layers or experts per token than there are", "");
        }
        const double sparse = layers - dense;
        if (dense > 0) {
            total += dense * 3 * h * f.count("intermediate_size");
        }
        total += sparse * (3 * h * shared + h * m.experts);
        m.expertParameters = sparse * m.experts * 3 * h * width;
        m.activeParameters = total - lookedUp + m.expertParameters * m.expertsPerToken / m.experts;
        total += m.expertParameters;
    } else {
        total += layers * 3 * h * f.count("intermediate_size");
        m.activeParameters = total - lookedUp;
    }
    m.totalParameters = total;
    if (f.error()) {
        return *f.error();
    }
    return m;
}

std::optional<std::filesystem::path> findModelConfig(const std::filesystem::path& folder, std::string_view modelPath)
{
    constexpr std::string_view kEnding = "_config.json";
    const std::string wanted = normalised(modelPath);
    std::string exact(modelPath);
    if (const std::size_t slash = exact.find('/'); slash != std::string::npos) {
        exact.replace(slash, 1, "--");
    }
    std::vector<std::filesystem::path> similar;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::string stem = entry->path().filename().string();
        if (!stem.ends_with(kEnding)) {
            continue;
        }
        stem.resize(stem.size() - kEnding.size());
        if (stem == exact) {
            return entry->path();
        }
        const std::size_t owner = stem.find("--");
        if (normalised(owner == std::string::npos ? stem : stem.substr(owner + 2)) == wanted) {
            similar.push_back(entry->path());
        }
    }
    if (similar.empty()) {
        return std::nullopt;
    }
    return *std::min_element(similar.begin(), similar.end()); // the same whatever the order of the folder
}

} // namespace isobar::ingest
